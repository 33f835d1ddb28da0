// How Winograd convolutions cut their outputs into tiles, and which tiles need which places.
//
// The last row of places is needed only for the tile's last output row, because the last column of A^T is 0 except at its end
// (ops/cpu/winograd_int16.h). The same is true of columns. A tile that is shorter than F(4x4, 3x3)'s 4 pixels leaves them out: it
// needs 30 of 36 products when it is short one way, 25 when it is short both ways. Therefore 7 pixels are cut into 4 and 3, and
// 14 into 4, 4, 3 and 3 rather than 4, 4, 4 and 2: 22 places each way instead of 24.
#pragma once

#include "ops/conv/im2col.h"
#include "ops/support/even_pieces.h"

namespace octet::ops {

/// Tiles of up to tile x tile output pixels that cover one image.
inline int64_t winograd_tiles(const Im2colShape& s, int64_t tile) {
  return EvenPieces(s.out_height, tile).count * EvenPieces(s.out_width, tile).count;
}

/// Tiles of up to tile x tile output pixels that cover some images, numbered by what they need, those of all images together:
///   short across | whole | short down | short both ways      so that the tiles which need a place are a range
class WinogradGrid {
 public:
  struct Tile {
    int64_t image, p, q;  // first output pixel
    int rows, columns;
  };
  struct Range {
    int64_t begin, end;
  };

  /// Of images [first, first + images).
  WinogradGrid(int64_t first, int64_t images, const Im2colShape& s, int64_t tile)
      : tile_(tile), down_(s.out_height, tile), across_(s.out_width, tile), first_image_(first) {
    for (int kind = 0; kind < kKinds; ++kind) end_[kind + 1] = end_[kind] + images * rows(kind).count * columns(kind).count;
  }

  int64_t tiles() const { return end_[kKinds]; }

  Tile at(int64_t t) const {
    int kind = 0;
    while (t >= end_[kind + 1]) ++kind;
    const Run r = rows(kind), c = columns(kind);
    const auto number = static_cast<uint32_t>(t - end_[kind]), across = static_cast<uint32_t>(c.count),
               down = static_cast<uint32_t>(r.count);  // 32 bits divide faster
    const int64_t row = r.first + number / across % down, column = c.first + number % across;
    return {first_image_ + number / across / down, down_.start(row), across_.start(column), static_cast<int>(down_.length(row)),
            static_cast<int>(across_.length(column))};
  }

  /// The tiles that need a place which is in the last row, or column, of places.
  Range needing(bool last_row, bool last_column) const {  // whole down are kinds 0 and 1, whole across kinds 1 and 2
    return {end_[last_column ? 1 : 0], end_[last_row ? 2 : last_column ? 3 : 4]};
  }

 private:
  static constexpr int kKinds = 4;
  struct Run {
    int64_t first, count;
  };
  /// The pieces of `tile` pixels, which come first, or the others.
  Run run_of(const EvenPieces& pieces, bool whole) const {
    const int64_t count = pieces.shorter == tile_ ? pieces.count : pieces.length(0) == tile_ ? pieces.longer : 0;
    return whole ? Run{0, count} : Run{count, pieces.count - count};
  }
  Run rows(int kind) const { return run_of(down_, kind < 2); }
  Run columns(int kind) const { return run_of(across_, kind == 1 || kind == 2); }

  int64_t tile_;
  EvenPieces down_, across_;
  int64_t first_image_;
  int64_t end_[kKinds + 1] = {};  // kind k is [end_[k], end_[k + 1])
};

}  // namespace octet::ops
