// gather, gather_elements, gather_nd.
#include "ops/gather.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/kernels/indices.h"
#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

// Plans of this file keep their params as they are.
template <class Params, auto Parse>
Status plan_params(const NodeArgs& args, edgert_plan& plan) {
  Params* state = new_state<Params>(&plan);
  return state ? Parse(args, *state) : no_memory();
}

void copy_item(char* to, const char* from, int64_t bytes) {
  switch (bytes) {
    case 4: std::memcpy(to, from, 4); return;
    case 8: std::memcpy(to, from, 8); return;
    default: std::memcpy(to, from, static_cast<size_t>(bytes));
  }
}

Status run_gather(const GatherParams& p, const edgert_call& call) {
  const Indices indices = {call.inputs[1], p.wide};
  int64_t bad;
  if (!all_within(indices, p.batch * p.count, p.n, bad)) return index_error(indices.at(bad), p.n);
  const int64_t bytes = p.inner * p.item, rows = p.batch * p.outer * p.count;
  if (bytes == 0 || rows == 0) return {};
  const char* x = static_cast<const char*>(call.inputs[0]);
  char* out = static_cast<char*>(call.outputs[0]);
  const int64_t count = std::min(pieces(rows * (bytes / 16 + 2), call.threads), rows);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(rows, piece + 1, count);
    for (int64_t row = piece_begin(rows, piece, count); row < end; row++) {
      const int64_t block = row / p.count, index = indices.at(block / p.outer * p.count + row % p.count);
      copy_item(out + row * bytes, x + (block * p.n + (index < 0 ? index + p.n : index)) * bytes, bytes);
    }
  });
  return {};
}

Status run_gather_elements(const ElementsParams& p, const edgert_call& call) {
  const Indices indices = {call.inputs[1], p.wide};
  int64_t bad;
  if (!all_within(indices, p.count, p.n, bad)) return index_error(indices.at(bad), p.n);
  const int64_t item = static_cast<int64_t>(item_size(p.dtype));
  const char* x = static_cast<const char*>(call.inputs[0]);
  char* out = static_cast<char*>(call.outputs[0]);
  const int64_t count = std::min(pieces(p.count * 8, call.threads), p.count);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(p.count, piece + 1, count);
    for (int64_t i = piece_begin(p.count, piece, count); i < end; i++)
      copy_item(out + i * item, x + element_offset(p, indices, i) * item, item);
  });
  return {};
}

Status run_gather_nd(const NdParams& p, const edgert_call& call) {
  const Indices indices = {call.inputs[1], p.wide};
  EDGERT_TRY(check_tuples(p, indices));
  const int64_t bytes = p.inner * static_cast<int64_t>(item_size(p.dtype)), tuples = p.batch * p.count;
  if (bytes == 0 || tuples == 0) return {};
  const char* x = static_cast<const char*>(call.inputs[0]);
  char* out = static_cast<char*>(call.outputs[0]);
  const int64_t count = std::min(pieces(tuples * (bytes / 16 + 4), call.threads), tuples);
  parallel(call, count, [&](int64_t piece, int32_t) {
    const int64_t end = piece_begin(tuples, piece + 1, count);
    for (int64_t t = piece_begin(tuples, piece, count); t < end; t++)
      copy_item(out + t * bytes, x + tuple_offset(p, indices, t) / p.inner * bytes, bytes);
  });
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel gather_kernel =
    make_kernel<GatherParams, plan_params<GatherParams, parse_gather>, run_gather>("gather");
extern const edgert_kernel gather_elements_kernel =
    make_kernel<ElementsParams, plan_params<ElementsParams, parse_gather_elements>, run_gather_elements>(
        "gather_elements");
extern const edgert_kernel gather_nd_kernel =
    make_kernel<NdParams, plan_params<NdParams, parse_gather_nd>, run_gather_nd>("gather_nd");

}  // namespace edgert
