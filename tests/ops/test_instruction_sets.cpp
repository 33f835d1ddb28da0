// Which instruction set is chosen for which CPU, and what a set does that lacks a kernel.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "ops/cpu/families.h"
#include "ops/cpu/isa.h"
#include "tests/support/compare.h"

namespace octet::ops::cpu {
namespace {

const InstructionSet& named(const std::string& name) { return choose(instruction_sets(), ~Features{0}, name.c_str()); }

constexpr Features kAvx512WithoutVnni = kHasAvx2 | kHasFma | kHasAvx512F | kHasAvx512Bw | kHasAvx512Dq | kHasAvx512Vl;

/// Asks for OCTET_ISA's set before any test does: an exception inside a parallel loop would end the program.
class ActiveSet : public ::testing::Environment {
  void SetUp() override { active_isa(); }
};
const ::testing::Environment* const kActiveSet = ::testing::AddGlobalTestEnvironment(new ActiveSet);

TEST(InstructionSets, PortableIsTheFirstAndLacksNothing) {
  const InstructionSet& portable = *instruction_sets()[0];
  EXPECT_STREQ(portable.name, "portable");
  EXPECT_EQ(portable.parent, nullptr);
  EXPECT_EQ(portable.needs, 0u);
  int families = 0;
  for_each_family([&](auto family) {
    EXPECT_NE(portable.kernels.*family, nullptr) << "family " << families;
    ++families;
  });
  EXPECT_EQ(families, static_cast<int>(std::tuple_size_v<decltype(kFamilies)>));
}

TEST(InstructionSets, EachHasAllKernelsAndItsOwnComeFirst) {
  for (const InstructionSet* set : instruction_sets()) {
    const Kernels all = with_parents(*set);
    for_each_family([&](auto family) {
      EXPECT_NE(all.*family, nullptr) << set->name;
      if (set->kernels.*family != nullptr) {
        EXPECT_EQ(all.*family, set->kernels.*family) << set->name;
      }
    });
  }
}

TEST(InstructionSets, OneThatLacksAKernelHasItsNearestAncestors) {
  static const FConvKernels kOwn{};
  static const QAddKernels kParents{};
  const InstructionSet& portable = *instruction_sets()[0];
  const InstructionSet parent{
      .name = "parent", .parent = &portable, .needs = 1, .worthwhile = {}, .kernels = {.qadd = &kParents}};
  const InstructionSet child{.name = "child", .parent = &parent, .needs = 2, .worthwhile = {}, .kernels = {.fconv = &kOwn}};
  const Kernels all = with_parents(child);
  EXPECT_EQ(all.fconv, &kOwn);
  EXPECT_EQ(all.qadd, &kParents);
  EXPECT_EQ(all.qconv, portable.kernels.qconv);
  EXPECT_TRUE(runs_on(child, 3));
  EXPECT_FALSE(runs_on(child, 2)) << "the parent's kernels need a CPU, too";
}

/// Two sets of which neither is the other's parent: no ladder.
TEST(InstructionSets, OfThoseThatACpuHasTheLastIsTaken) {
  const InstructionSet& portable = *instruction_sets()[0];
  const InstructionSet left{.name = "left", .parent = &portable, .needs = 1, .worthwhile = {}, .kernels = {}},
      right{.name = "right", .parent = &portable, .needs = 2, .worthwhile = {}, .kernels = {}};
  const InstructionSet* const sets[] = {&portable, &left, &right};
  EXPECT_EQ(&choose(sets, 0, nullptr), &portable);
  EXPECT_EQ(&choose(sets, 1, nullptr), &left);
  EXPECT_EQ(&choose(sets, 2, ""), &right);
  EXPECT_EQ(&choose(sets, 3, nullptr), &right);
  EXPECT_EQ(&choose(sets, 3, "left"), &left);
  EXPECT_TRUE(test::fails_with([&] { choose(sets, 1, "right"); }, {"OCTET_ISA=right", "not all of it", "OCTET_ISA=left"}));
  EXPECT_TRUE(test::fails_with([&] { choose(sets, 1, "up"); }, {"OCTET_ISA=up: expected portable, left or right"}));
}

TEST(InstructionSets, WhatThisProcessUsesIsWhatOctetIsaAsksFor) {
  EXPECT_EQ(&active_isa(), &choose(instruction_sets(), features_of_this_cpu(), std::getenv("OCTET_ISA")));
  EXPECT_TRUE(has(active_isa().name));
  EXPECT_FALSE(has("sse9"));
  const Kernels all = with_parents(active_isa());
  for_each_family([&](auto family) { EXPECT_EQ(kernels().*family, all.*family); });
}

class X86InstructionSets : public ::testing::Test {
  void SetUp() override {
    if (features_of_this_cpu() == 0) GTEST_SKIP() << "no x86-64 with AVX2";
  }
};

TEST_F(X86InstructionSets, EachKindOfCpu) {
  const auto chosen = [](Features cpu) { return std::string(choose(instruction_sets(), cpu, nullptr).name); };
  EXPECT_EQ(chosen(0), "portable");
  EXPECT_EQ(chosen(kHasAvx2), "portable") << "without FMA";
  EXPECT_EQ(chosen(kHasAvx2 | kHasFma), "avx2");
  EXPECT_EQ(chosen(kHasAvx2 | kHasFma | kHasAvxVnni), "avxvnni");
  EXPECT_EQ(chosen(kHasAvx2 | kHasFma | kHasAvx512F), "avx2") << "an AVX-512 without bytes and words";
  EXPECT_EQ(chosen(kAvx512WithoutVnni), "avx512");
  EXPECT_EQ(chosen(kAvx512WithoutVnni | kHasAvx512Vnni), "avx512vnni");
  EXPECT_EQ(chosen(kAvx512WithoutVnni | kHasAvx512Vnni | kHasAvxVnni), "avx512vnni");
  EXPECT_TRUE(test::fails_with([] { choose(instruction_sets(), kAvx512WithoutVnni, "avx512vnni"); },
                               {"OCTET_ISA=avx512vnni", "not all of it", "OCTET_ISA=avx512"}));
  EXPECT_TRUE(test::fails_with([] { choose(instruction_sets(), 0, "sse9"); },
                               {"OCTET_ISA=sse9: expected portable, avx2, avxvnni, avx512 or avx512vnni"}));
}

/// Floats and sums of codes in registers of 64 bytes, products of codes as AVX2 has them.
TEST_F(X86InstructionSets, Avx512WithoutVnni) {
  const InstructionSet& isa = choose(instruction_sets(), kAvx512WithoutVnni, nullptr);
  const Kernels all = with_parents(isa), avx2 = with_parents(named("avx2")), vnni = with_parents(named("avx512vnni"));
  EXPECT_EQ(all.fconv, vnni.fconv);
  EXPECT_EQ(all.qadd, vnni.qadd);
  EXPECT_NE(all.fconv, avx2.fconv);
  EXPECT_NE(all.qadd, avx2.qadd);
  EXPECT_EQ(all.qconv, avx2.qconv);
  EXPECT_EQ(all.winograd_int16, avx2.winograd_int16);
  EXPECT_EQ(all.winograd_fused, avx2.winograd_fused);
  EXPECT_NE(all.qconv, vnni.qconv);
}

/// Neither of AVX-VNNI and AVX-512 is part of the other.
TEST_F(X86InstructionSets, AvxVnniHasNothingOfAvx512) {
  const Kernels all = with_parents(named("avxvnni")), avx2 = with_parents(named("avx2"));
  EXPECT_EQ(all.fconv, avx2.fconv);
  EXPECT_EQ(all.qadd, avx2.qadd);
  EXPECT_NE(all.qconv, avx2.qconv);
  EXPECT_FALSE(named("avxvnni").worthwhile.winograd_fused);
}

}  // namespace
}  // namespace octet::ops::cpu
