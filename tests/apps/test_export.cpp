// The exported forms of an int8 model, each used by somebody who has no octet: a C compiler, numpy's format.
#include <nlohmann/json.hpp>

#include "loaders/files/npy.h"
#include "tests/apps/run.h"
#include "tests/support/compare.h"
#include "tests/support/make.h"

namespace octet::test {
namespace {

/// Recomputes the first convolution of an image from the header alone; prints how many of its codes are those of the file.
constexpr const char* kProgram = R"(
#include <math.h>
#include <stdio.h>
#include "model.h"
enum { H = 64, P = 32, K = 64, C = 3, R = 7 };
static uint8_t x[C][H][H], y[K][P][P];
int main(int argc, char** argv) {
  FILE* f = fopen(argv[argc - 2], "rb");
  if (fread(x, 1, sizeof x, f) != sizeof x) return 1;
  f = fopen(argv[argc - 1], "rb");
  if (fread(y, 1, sizeof y, f) != sizeof y) return 1;
  int equal = 0;
  for (int k = 0; k < K; ++k)
    for (int p = 0; p < P; ++p)
      for (int q = 0; q < P; ++q) {
        int32_t acc = 0;
        for (int c = 0; c < C; ++c)
          for (int r = 0; r < R; ++r)
            for (int s = 0; s < R; ++s) {
              const int h = 2 * p - 3 + r, w = 2 * q - 3 + s;
              if (h < 0 || w < 0 || h >= H || w >= H) continue;
              acc += (x[c][h][w] - octet_0_0_input_zero_point) * octet_0_0_weight[((k * C + c) * R + r) * R + s];
            }
#ifdef octet_0_0_input_factor
        const float v = (float)acc * octet_0_0_input_factor * octet_0_0_multiplier[k] + octet_0_0_bias_f32[k];
        long code = lrintf(v * octet_0_0_output_factor + octet_0_0_output_zero_point);
#else
        const float sum = fmaf(octet_0_0_bias_f32[k], octet_0_0_bias_factor, (float)(acc + octet_0_0_bias_i32[k]));
        const float v = sum * octet_0_0_multiplier[k];
        long code = lrintf(v) + octet_0_0_output_zero_point;
#endif
        if (code < octet_0_0_output_min) code = octet_0_0_output_min;
        if (code > octet_0_0_output_max) code = octet_0_0_output_max;
        equal += code == y[k][p][q];
      }
  printf("%d codes, %d classes, %s, %d px, mean %g\n", equal, octet_classes, octet_class_names[8], octet_image_size,
         octet_mean[0]);
  return 0;
}
)";

void save_bytes(const std::string& path, const Tensor& t) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(t.bytes()), static_cast<std::streamsize>(t.nbytes()));
}

class Export : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Backends, Export, ::testing::Values("qnnpack", "x86", "onednn"));

TEST_P(Export, TheHeaderAndTheArraysAreTheModel) {
  const TemporaryFolder folder;
  const Result q = run("quantize --quiet --limit 20 --eval-limit 10 --no-fake-quant --export npy,c --backend " +
                       std::string(GetParam()) + " --output " + (folder / "out"));
  ASSERT_EQ(q.exit_code, 0) << q.err;
  EXPECT_NE(q.out.find("kept in float: _1_0_mp (AdaptiveMaxPool2d, no int8 form), _1_2 (BatchNorm1d, no int8 form)"),
            std::string::npos);
  const auto report = nlohmann::json::parse(read_text(folder / "out/report.json"));
  EXPECT_EQ(report["kept_float"][0]["name"], "_1_0_mp");
  loaders::save_npy(folder / "x.npy", random_floats({1, 3, 64, 64}, 1));
  ASSERT_EQ(run("predict --model " + (folder / "out/model.safetensors") + " --input " + (folder / "x.npy") + " --dump " +
                (folder / "nodes"))
                .exit_code,
            0);
  save_bytes(folder / "x.bytes", loaders::load_npy(folder / "nodes/quantize_per_tensor.npy"));
  save_bytes(folder / "y.bytes", loaders::load_npy(folder / "nodes/_0_0.npy"));
  std::ofstream(folder / "main.c") << kProgram;
  const std::string compile = "cc -std=c99 -O1 -ffp-contract=off -Wall -Werror -Wno-unused-const-variable -I " +
                              (folder / "out") + " " + (folder / "main.c") + " -lm -o " + (folder / "main");
  ASSERT_EQ(std::system(compile.c_str()), 0);
  ASSERT_EQ(
      std::system((folder / "main " + (folder / "x.bytes") + " " + (folder / "y.bytes") + " > " + (folder / "printed")).c_str()),
      0);
  EXPECT_EQ(read_text(folder / "printed"), "65536 codes, 10 classes, golf ball, 224 px, mean 0.485\n");

  const Tensor weight = loaders::load_npy(folder / "out/layers/0.0.weight.npy");
  EXPECT_EQ(weight.dtype(), DType::i8);
  EXPECT_EQ(weight.shape(), (Shape{64, 3, 7, 7}));
  EXPECT_EQ(loaders::load_npy(folder / "out/layers/0.0.weight_scale.npy").numel(), GetParam() == std::string("qnnpack") ? 1 : 64);
  EXPECT_EQ(loaders::load_npy(folder / "out/layers/0.0.bias.npy").shape(), (Shape{64}));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/layers/1.4.bias.npy"));
}

}  // namespace
}  // namespace octet::test
