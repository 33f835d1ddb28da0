// The tensor cores' product of bytes, mma.sync.m16n8k32: a warp adds A [16, 32] uint8 times B [32, 8] int8 to C [16, 8] int32.
// Each of its 32 lanes holds a fragment of the three matrices; where which element lies is stated here once, and used by the
// kernel that loads fragments, by the emulation on the CPU, and by the tests. Source: PTX ISA 8.0, 9.7.14.5.8 (m16n8k32).
//
//   lane = 4 * group + member
//   A: register i, byte j:  row = group + 8 * (i % 2),  k = 4 * member + j + 16 * (i / 2)
//   B: register i, byte j:  k = 4 * member + j + 16 * i,  column = group
//   C: value i:             row = group + 8 * (i / 2),  column = 2 * member + i % 2
// Devices before sm_80 have no such instruction: mma_by_dp4a has the same fragments.
//
// Fragments come from shared memory by ldmatrix: a warp loads four matrices of 8 rows of 16 bytes. Lane 8 * i + j gives the
// address of row j of matrix i, and each lane gets, of matrix i, word `member` of row `group` into register i: four times 8 x 16
// bytes of A, or of two neighbouring B (whose columns lie as rows). Source: PTX ISA 8.0, 9.7.14.5.15.
#pragma once

#include <cstdint>
#include <cstring>

#include "tensor/host_device.h"

namespace octet::ops::cuda {

constexpr int kMmaRows = 16, kMmaCols = 8, kMmaDepth = 32;

struct MmaOperands {
  const uint32_t* a = nullptr;  // [4]
  const uint32_t* b = nullptr;  // [2]
  int32_t* c = nullptr;         // [4]
};

/// One lane's part in loading four matrices.
struct MatrixRow {
  const void* row = nullptr;      // 16 bytes in shared memory, aligned to 16: row lane % 8 of matrix lane / 8
  uint32_t* registers = nullptr;  // [4]: one of each matrix
};

/// Row and first k of the four bytes of a register of A.
OCTET_HD constexpr int mma_a_row(int lane, int i) { return lane / 4 + 8 * (i % 2); }
OCTET_HD constexpr int mma_a_k(int lane, int i) { return 4 * (lane % 4) + 16 * (i / 2); }
/// Column and first k of the four bytes of a register of B.
OCTET_HD constexpr int mma_b_col(int lane) { return lane / 4; }
OCTET_HD constexpr int mma_b_k(int lane, int i) { return 4 * (lane % 4) + 16 * i; }
/// What a lane points to when a warp loads A [16, 32]: its row, and its first k.
OCTET_HD constexpr int matrix_a_row(int lane) { return lane % 16; }
OCTET_HD constexpr int matrix_a_k(int lane) { return 16 * (lane / 16); }
/// And two B [32, 8] beside each other: its column of 16, and its first k. Registers 0 and 1 are those of the first B.
OCTET_HD constexpr int matrix_b_col(int lane) { return lane % 8 + 8 * (lane / 16); }
OCTET_HD constexpr int matrix_b_k(int lane) { return 16 * (lane / 8 % 2); }
/// Place of a value of C.
OCTET_HD constexpr int mma_c_row(int lane, int i) { return lane / 4 + 8 * (i / 2); }
OCTET_HD constexpr int mma_c_col(int lane, int i) { return 2 * (lane % 4) + i % 2; }

/// sum + the dot product of four unsigned with four signed bytes.
OCTET_HD inline int32_t dot_u8_s8(uint32_t a, uint32_t b, int32_t sum) {
#ifdef __CUDA_ARCH__
  asm("dp4a.u32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
#else
  for (int j = 0; j < 4; ++j)
    sum += static_cast<int32_t>((a >> (8 * j)) & 0xFF) * static_cast<int8_t>(static_cast<uint8_t>(b >> (8 * j)));
#endif
  return sum;
}

/// One lane's part of the product by dp4a. a_of(lane, i), b_of(lane, i): register i of any lane of the warp; all lanes ask for
/// the same i at the same time, as a shuffle wants it.
template <class A, class B>
OCTET_HD inline void mma_by_dp4a(int lane, A&& a_of, B&& b_of, int32_t* c) {
  const int group = lane / 4, member = lane % 4;
  for (int m = 0; m < 4; ++m)  // the member that holds this quarter of k
    for (int half = 0; half < 2; ++half) {
      const uint32_t upper = a_of(4 * group + m, 2 * half), lower = a_of(4 * group + m, 2 * half + 1);
      const uint32_t left = b_of(4 * (2 * member) + m, half), right = b_of(4 * (2 * member + 1) + m, half);
      c[0] = dot_u8_s8(upper, left, c[0]);
      c[1] = dot_u8_s8(upper, right, c[1]);
      c[2] = dot_u8_s8(lower, left, c[2]);
      c[3] = dot_u8_s8(lower, right, c[3]);
    }
}

#ifdef __CUDACC__

/// This lane's part; the whole warp calls it together, here and below.
__device__ inline void load_matrices(MatrixRow o) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(o.registers[0]), "=r"(o.registers[1]), "=r"(o.registers[2]), "=r"(o.registers[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(o.row)))
               : "memory");
}

__device__ inline void mma_u8_s8(MmaOperands o) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+r"(o.c[0]), "+r"(o.c[1]), "+r"(o.c[2]), "+r"(o.c[3])
               : "r"(o.a[0]), "r"(o.a[1]), "r"(o.a[2]), "r"(o.a[3]), "r"(o.b[0]), "r"(o.b[1]));
#else
  const auto shuffle = [](uint32_t value, int lane) { return __shfl_sync(0xFFFFFFFFu, value, lane); };
  mma_by_dp4a(
      static_cast<int>(threadIdx.x % 32), [&](int lane, int i) { return shuffle(o.a[i], lane); },
      [&](int lane, int i) { return shuffle(o.b[i], lane); }, o.c);
#endif
}

#else

/// The whole warp's.
inline void load_matrices(const MatrixRow (&lanes)[32]) {
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i)
      std::memcpy(&lanes[lane].registers[i], static_cast<const char*>(lanes[8 * i + lane / 4].row) + 4 * (lane % 4), 4);
}

/// The whole warp's product: the fragments are put together to matrices.
inline void mma_u8_s8(const MmaOperands (&lanes)[32]) {
  int32_t a[kMmaRows][kMmaDepth], b[kMmaDepth][kMmaCols], c[kMmaRows][kMmaCols] = {};
  const auto byte = [](uint32_t word, int j) { return static_cast<uint8_t>(word >> (8 * j)); };
  for (int lane = 0; lane < 32; ++lane)
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 4; ++i) a[mma_a_row(lane, i)][mma_a_k(lane, i) + j] = byte(lanes[lane].a[i], j);
      for (int i = 0; i < 2; ++i) b[mma_b_k(lane, i) + j][mma_b_col(lane)] = static_cast<int8_t>(byte(lanes[lane].b[i], j));
    }
  for (int row = 0; row < kMmaRows; ++row)
    for (int k = 0; k < kMmaDepth; ++k)
      for (int col = 0; col < kMmaCols; ++col) c[row][col] += a[row][k] * b[k][col];
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) lanes[lane].c[i] += c[mma_c_row(lane, i)][mma_c_col(lane, i)];
}

#endif

}  // namespace octet::ops::cuda
