// ngram_count: n-grams as a tree of constants.
#pragma once

#include "ops/common.h"

namespace edgert {

// starts[edges + 2] divides the edges among the nodes; each edge e leads to node e + 1, is counted in a
// column below `width`, or -1; all checked.
struct NgramParams {
  int64_t rows = 0, tokens = 0, width = 0;
  int64_t least = 1, most = 1, skips = 0;
  const int64_t *starts = nullptr, *keys = nullptr, *columns = nullptr;
};
Status parse_ngrams(const NodeArgs& args, NgramParams& ngrams);

}  // namespace edgert
