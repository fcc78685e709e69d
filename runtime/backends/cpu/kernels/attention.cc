// attention: a head's keys and values are packed into panels, then blocks of its queries are multiplied with
// them while their scores stay in cache.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/product.h"
#include "backends/cpu/micro/softmax.h"

namespace edgert {
namespace cpu {
namespace {

struct AttentionState {
  AttentionParams params;
  const Micro* micro;
  TileProgram program;
  FusedHead head;
  bool plain;   // the product makes the scores
  int64_t row;  // floats from a row of scores to the next
  int64_t blocks, pieces;
  uint64_t values, scores, program_scratch, piece_bytes;  // offsets into a piece's scratch

  int64_t block_begin(int64_t block) const { return piece_begin(params.queries, block, blocks); }
};

int64_t panel_floats(int64_t columns, int64_t depth) { return (columns + 15) / 16 * 16 * depth; }

Status plan_attention(const NodeArgs& args, edgert_plan& plan) {
  auto* state = new_state<AttentionState>(&plan);
  if (!state) return no_memory();
  AttentionParams& p = state->params;
  EDGERT_TRY(parse_attention(args, p));
  if (p.matrices() * p.queries * p.width == 0) return {};
  state->micro = &micro();
  EDGERT_TRY(compile_tiles(p.scores, *state->micro, plan, state->program, &state->head));
  state->plain = only_accumulator(state->program);
  state->row = state->plain ? (p.keys + 15) / 16 * 16 : p.keys;
  const int64_t rows = state->micro->gemm->rows;
  state->blocks = (p.queries + rows - 1) / rows;
  const double products = static_cast<double>(p.matrices()) * p.queries * p.keys;
  const double cost = products * (static_cast<double>(p.depth + p.width) / 100 + 0.3);
  state->pieces = std::min(pieces(plan, cost), p.matrices() * state->blocks);
  auto after = [](uint64_t at, uint64_t bytes) { return (at + bytes + 63) / 64 * 64; };
  state->values = after(0, static_cast<uint64_t>(panel_floats(p.keys, p.depth)) * 4);
  state->scores = after(state->values, static_cast<uint64_t>(panel_floats(p.width, p.keys)) * 4);
  state->program_scratch = after(state->scores, static_cast<uint64_t>(rows * state->row) * 4);
  state->piece_bytes = after(state->program_scratch, state->plain ? 0 : state->program.scratch_bytes());
  plan.scratch_bytes = state->piece_bytes * static_cast<uint64_t>(state->pieces);
  return {};
}

void pack_head(const AttentionParams& p, const edgert_call& call, int64_t batch, int64_t head, float* keys,
               float* values) {
  const auto* k = static_cast<const float*>(call.inputs[1]) + p.start(1, batch, head);
  const auto* v = static_cast<const float*>(call.inputs[2]) + p.start(2, batch, head);
  for (int64_t i = 0; i * 16 < p.keys; i++)
    pack_panel(k, 1, p.row(1), p.depth, p.keys, i, keys + i * 16 * p.depth);
  if (p.scale != 1)
    for (int64_t i = 0; i < panel_floats(p.keys, p.depth); i++) keys[i] *= p.scale;
  for (int64_t i = 0; i * 16 < p.width; i++)
    pack_panel(v, p.row(2), 1, p.keys, p.width, i, values + i * 16 * p.keys);
}

// The results of queries [row, row_end) of head `matrix`.
void attend(const AttentionState& state, const edgert_call& call, int64_t matrix, int64_t row,
            int64_t row_end, char* scratch) {
  const AttentionParams& p = state.params;
  const int64_t batch = matrix / p.heads, head = matrix % p.heads, result_row = p.heads * p.width;
  const int count = static_cast<int>(row_end - row);
  const auto* q = static_cast<const float*>(call.inputs[0]) + p.start(0, batch, head) + row * p.row(0);
  float* scores = reinterpret_cast<float*>(scratch + state.scores);
  float* out = static_cast<float*>(call.outputs[0]) + (batch * p.queries + row) * result_row + head * p.width;
  const FusedHead& end = state.head;
  const float* bias = end.bias < 0 ? nullptr : static_cast<const float*>(call.inputs[2 + end.bias]);
  const float* pointers[kMaxRows];
  float sums[kMaxRows];

  for (int r = 0; r < count; r++) pointers[r] = q + r * p.row(0);
  state.micro->gemm->run({pointers, 0, 1, p.depth, reinterpret_cast<const float*>(scratch), p.keys, scores,
                          state.row, bias, end.low, end.high},
                         count);
  if (!state.plain) {
    // The program sees the block's scores as part of a whole tensor of them.
    const int64_t first = matrix * p.queries + row;
    float* whole = scores - first * p.keys;
    const void* operands[kMaxProgramOperands] = {whole};
    for (int i = 1; i < state.program.operand_count; i++) operands[i] = call.inputs[2 + i];
    run_tiles(state.program, operands, whole, first, first + count, 0, p.keys,
              scratch + state.program_scratch);
  }
  state.micro->softmax->weights(scores, state.row, p.keys, count, sums);
  for (int r = 0; r < count; r++) pointers[r] = scores + r * state.row;
  state.micro->gemm->run({pointers, 0, 1, p.keys, reinterpret_cast<const float*>(scratch + state.values),
                          p.width, out, result_row, nullptr, -INFINITY, INFINITY},
                         count);
  if (p.keys) state.micro->softmax->divide(out, result_row, p.width, count, sums);
}

Status run_attention(const AttentionState& state, const edgert_call& call) {
  const AttentionParams& p = state.params;
  const int64_t units = p.matrices() * state.blocks;
  if (units * p.width == 0) return {};
  parallel(call, state.pieces, [&](int64_t piece, int32_t) {
    char* scratch = static_cast<char*>(call.scratch) + piece * static_cast<int64_t>(state.piece_bytes);
    int64_t packed = -1;
    const int64_t end = piece_begin(units, piece + 1, state.pieces);
    for (int64_t unit = piece_begin(units, piece, state.pieces); unit < end; unit++) {
      const int64_t matrix = unit / state.blocks, block = unit % state.blocks;
      if (matrix != packed)
        pack_head(p, call, matrix / p.heads, matrix % p.heads, reinterpret_cast<float*>(scratch),
                  reinterpret_cast<float*>(scratch + state.values));
      packed = matrix;
      attend(state, call, matrix, state.block_begin(block), state.block_begin(block + 1), scratch);
    }
  });
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel attention_kernel =
    cpu::make_kernel<cpu::AttentionState, cpu::plan_attention, cpu::run_attention>("attention");

}  // namespace edgert
