#include "ops/support/shared_work.h"

#include <gtest/gtest.h>

#include <numeric>

namespace octet::ops {
namespace {

/// How often each of `pieces` was done, by `threads` of a region that SharedWork expects `expected` of.
std::vector<int> done(int64_t pieces, int expected, int threads) {
  std::vector<std::atomic<int>> times(static_cast<size_t>(pieces));
  const int before = omp_get_max_threads();
  omp_set_num_threads(expected);
  SharedWork work(pieces);
#pragma omp parallel num_threads(threads)
  work.run([&](int64_t i) { ++times[static_cast<size_t>(i)]; });
  omp_set_num_threads(before);
  return {times.begin(), times.end()};
}

TEST(SharedWork, DoesEachPieceOnce) {
  for (int64_t pieces : {0, 1, 2, 7, 1000})
    for (int threads : {1, 2, 5}) EXPECT_EQ(done(pieces, threads, threads), std::vector<int>(static_cast<size_t>(pieces), 1));
}

TEST(SharedWork, FewerThreadsThanExpectedDoAllOfIt) { EXPECT_EQ(done(100, 4, 1), std::vector<int>(100, 1)); }

/// One thread that gets no further than its first piece: the other does all the rest.
TEST(SharedWork, HelpsWhoIsLate) {
  std::atomic<int> others{0};
  const int before = omp_get_max_threads();
  omp_set_num_threads(2);
  SharedWork work(10);
  int threads = 1;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    work.run([&](int64_t) {
      if (omp_get_thread_num() == 0 && threads == 2)
        while (others < 9) {
        }
      else
        ++others;
    });
  }
  omp_set_num_threads(before);
  EXPECT_GE(others, 9);  // 10 if it had not even begun
}

}  // namespace
}  // namespace octet::ops
