// The head of the C header: what the model is for. Its layers are compiled and run in tests/apps/test_export.cpp.
#include "quant/formats/c_header.h"

#include <gtest/gtest.h>

namespace octet::quant {
namespace {

std::string header(const CHeaderFacts& facts) {
  std::string text;
  write_c_header({}, facts, [&](std::string_view part) { text += part; });
  return text;
}

TEST(CHeader, SaysHowAnImageBecomesTheInput) {
  const std::string text = header({64, "fastai", {0.5f, 0, 0.406f}, {1, 1, 0.25f}, {}});
  for (const char* part :
       {"/* An image: 64 x 64 pixels (resize: fastai)", "#define octet_image_size 64\n", "#define octet_image_channels 3\n",
        "static const float octet_mean[3] = {0x1p-1f /* 0.5 */, 0x0p+0f /*",
        "static const float octet_std[3] = {0x1p+0f /* 1.0 */, 0x1p+0f /* 1.0 */, 0x1p-2f /* 0.25 */};\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part << text;
  EXPECT_EQ(text.find("octet_class_names"), std::string::npos);
  EXPECT_EQ(header({}).find("octet_image"), std::string::npos);
}

TEST(CHeader, NamesOfClassesAreStringsOfAnyBytes) {
  const std::string text = header({.classes = {"a \"b\" \\",
                                               "*/ ?"
                                               "?/1\x1b\n",
                                               "\xc3\xa9"
                                               "7"}});
  EXPECT_NE(text.find(R"(#define octet_classes 3
static const char* const octet_class_names[3] = {
  "a \042b\042 \134",
  "*/ \077\077/1\033\012",
  "\303\2517",
};
)"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace octet::quant
