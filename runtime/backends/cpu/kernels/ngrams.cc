// ngram_count: walks down the tree from every token of a row.
#include "ops/ngrams.h"

#include <algorithm>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

Status plan_ngrams(const NodeArgs& args, edgert_plan& plan) {
  NgramParams* state = new_state<NgramParams>(&plan);
  return state ? parse_ngrams(args, *state) : no_memory();
}

// Counts the n-grams whose first token is `at` and whose next ones follow at `distance`.
void count_from(const NgramParams& p, const edgert_call& call, const int64_t* row, int64_t at,
                int64_t distance, float* out) {
  const auto* starts = static_cast<const int64_t*>(call.inputs[1]);
  const auto* keys = static_cast<const int64_t*>(call.inputs[2]);
  const auto* columns = static_cast<const int64_t*>(call.inputs[3]);
  int64_t node = 0;
  for (int64_t length = 1; length <= p.most && at < p.tokens; length++, at += distance) {
    const int64_t *first = keys + starts[node], *last = keys + starts[node + 1];
    const int64_t* found = std::lower_bound(first, last, row[at]);
    if (found == last || *found != row[at]) return;
    const int64_t edge = found - keys;
    if (length >= p.least && columns[edge] >= 0 && (length > 1 || distance == 1)) out[columns[edge]]++;
    node = edge + 1;
  }
}

Status run_ngrams(const NgramParams& p, const edgert_call& call) {
  const auto* x = static_cast<const int64_t*>(call.inputs[0]);
  auto* out = static_cast<float*>(call.outputs[0]);
  if (p.width == 0) return {};
  const int64_t distances = std::min(p.skips + 1, std::max<int64_t>(p.tokens, 1));
  const int64_t count = std::min(pieces(p.rows * p.tokens * 20, call.threads), p.rows);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(p.rows, piece + 1, count);
    for (int64_t row = piece_begin(p.rows, piece, count); row < end; row++) {
      std::fill_n(out + row * p.width, p.width, 0.0f);
      for (int64_t distance = 1; distance <= distances; distance++)
        for (int64_t at = 0; at < p.tokens; at++)
          count_from(p, call, x + row * p.tokens, at, distance, out + row * p.width);
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel ngram_count_kernel =
    make_kernel<NgramParams, plan_ngrams, run_ngrams>("ngram_count");

}  // namespace edgert
