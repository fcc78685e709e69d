#include "backends/cpu/kernels/dot_product.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "backends/cpu/kernels/instructions.h"
#include "backends/cpu/kernels/product.h"

namespace edgert::cpu {
namespace {

bool is_column_vector(const Pointwise& p, int operand, int32_t dtype) {
  if (operand < 1 || operand >= p.count || p.dtypes[operand] != dtype || p.rank == 0) return false;
  for (int axis = 0; axis + 1 < p.rank; axis++)
    if (p.strides[operand][axis] != 0) return false;
  return p.strides[operand][p.rank - 1] == 1 || p.dims[p.rank - 1] == 1;
}

// The other argument of the instruction `code` on register `at`; -1: it is another instruction.
int other_argument(const Instruction& i, int code, int at) {
  if (i.code != code || (i.a == at) == (i.b == at)) return -1;
  return i.a == at ? i.b : i.a;
}

bool reads(const Instruction& i, int at) {
  const int count = argument_count(i.code);
  return (count > 0 && i.a == at) || (count > 1 && i.b == at) || (count > 2 && i.c == at);
}

// Walks a program from the accumulator on, as long as each instruction is the only reader of the one before.
struct Walk {
  const Pointwise& p;
  std::vector<Instruction> code;
  int at = 0;

  // The instruction that reads `at`, alone; null: there is none.
  const Instruction* next() const {
    const Instruction* found = nullptr;
    for (const Instruction& i : code)
      if (reads(i, at)) {
        if (found) return nullptr;
        found = &i;
      }
    return found;
  }
  void step(const Instruction* i) { at = p.count + static_cast<int>(i - code.data()); }
  bool done() const { return at == p.count + static_cast<int>(code.size()) - 1; }
  bool constant(int reg, float& value) const {
    if (reg < p.count || code[static_cast<size_t>(reg - p.count)].code != kConst) return false;
    value = static_cast<float>(std::bit_cast<double>(code[static_cast<size_t>(reg - p.count)].imm));
    return true;
  }
};

// f32(sum + offset) * scale, with vectors over the columns; `walk` is left behind it.
bool take_scaled(Walk& walk, DotHead& head) {
  const Instruction* i = walk.next();
  if (!i) return false;
  if (const int other = other_argument(*i, kAdd, walk.at); other >= 0) {
    if (!is_column_vector(walk.p, other, EDGERT_I32)) return false;
    head.offset = other;
    walk.step(i);
    if (!(i = walk.next())) return false;
  }
  if (i->code != kCast || i->dtype != EDGERT_F32) return false;
  walk.step(i);
  if (!(i = walk.next())) return false;
  head.scale = other_argument(*i, kMul, walk.at);
  if (!is_column_vector(walk.p, head.scale, EDGERT_F32)) return false;
  walk.step(i);
  head.result = DotResult::kFloat;
  return true;
}

// round, + zero, max low, min high, as bytes: all that is left of the program.
bool take_bytes(Walk walk, DotHead head, DotHead& out) {
  const int32_t result = walk.p.result;
  const Instruction* i = walk.next();
  if ((result != EDGERT_U8 && result != EDGERT_I8) || !i || i->code != kRound) return false;
  walk.step(i);
  head.low = -INFINITY;
  head.high = INFINITY;
  const struct {
    int code;
    float* value;
  } parts[] = {{kAdd, &head.zero}, {kMax, &head.low}, {kMin, &head.high}};
  for (const auto& part : parts) {
    if (!(i = walk.next())) return false;
    const int other = other_argument(*i, part.code, walk.at);
    if (other < 0) continue;
    if (!walk.constant(other, *part.value)) return false;
    walk.step(i);
  }
  if (!(i = walk.next()) || i->code != kCast || i->dtype != result) return false;
  walk.step(i);
  const float least = result == EDGERT_U8 ? 0.0f : -128.0f;
  if (!walk.done() || !(head.low >= least && head.high <= least + 255)) return false;
  head.result = result == EDGERT_U8 ? DotResult::kU8 : DotResult::kI8;
  out = head;
  return true;
}

// Compiles the program without what leads to walk.at, which operand 0 holds in its stead, as f32.
Status compile_rest(Walk& walk, edgert_plan& plan, TileProgram& out) {
  const int start = walk.at;
  Program rest{walk.p.program->operands, walk.code};
  rest.operands[0] = EDGERT_F32;
  walk.at = 0;
  while (walk.at != start) {
    walk.step(walk.next());
    rest.code[static_cast<size_t>(walk.at - walk.p.count)] = {0, 0, 0, 0, kConst, EDGERT_F32};
  }
  for (Instruction& i : rest.code)
    for (uint16_t* argument : {&i.a, &i.b, &i.c})
      if (i.code != kConst && *argument == start) *argument = 0;
  Pointwise pointwise = walk.p;
  pointwise.program = &rest;
  pointwise.dtypes[0] = EDGERT_F32;
  return compile_tiles(pointwise, micro(), plan, out);
}

Status plan_epilogue(const Pointwise& p, edgert_plan& plan, DotShape& s) {
  s.in_place = p.result == EDGERT_I32 || p.result == EDGERT_F32;
  s.plain = !p.program && p.result == EDGERT_I32;
  if (s.plain) return {};
  if (p.program) {
    Walk walk{p, p.program->code};
    DotHead head;
    if (take_scaled(walk, head)) {
      s.plain = (walk.done() && p.result == EDGERT_F32) || take_bytes(walk, head, head);
      if (s.plain || !walk.done()) {
        s.head = head;
        return s.plain ? Status{} : compile_rest(walk, plan, s.program);
      }
    }
  }
  return compile_tiles(p, micro(), plan, s.program);
}

template <class T>
const T* operand(const edgert_call& call, int32_t index) {
  return index < 0 ? nullptr : static_cast<const T*>(call.inputs[1 + index]);
}

struct Piece {
  int64_t tile, tile_end, panel, panel_end;
};

// `room` is for sums, where they do not lie in the result.
void run_piece(const DotShape& s, const edgert_call& call, const DotRows& rows, const Piece& piece,
               char* room, const uint8_t** pointers, void* scratch) {
  const auto* x = static_cast<const uint8_t*>(call.inputs[0]);
  const void* operands[kMaxProgramOperands];
  for (int i = 1; i < s.program.operand_count; i++) operands[i] = call.inputs[1 + i];
  const int64_t size = s.plain && s.head.result >= DotResult::kU8 ? 1 : 4;
  const int64_t step = std::max<int64_t>(2, kPanelBytes / s.panel_bytes() / 2 * 2);
  for (int64_t panel = piece.panel; panel < piece.panel_end; panel += step) {
    const int64_t column = panel * 16;
    const int64_t column_end = std::min({(panel + step) * 16, piece.panel_end * 16, s.columns});
    DotTile t{pointers,
              s.taps,
              s.channels,
              s.weights + panel * s.panel_bytes(),
              column_end - column,
              s.is_signed,
              s.head.result,
              nullptr,
              s.columns,
              operand<int32_t>(call, s.head.offset),
              operand<float>(call, s.head.scale),
              s.head.zero,
              s.head.low,
              s.head.high};
    if (t.offset) t.offset += column;
    if (t.scale) t.scale += column;
    int64_t pending = piece.tile * s.micro->rows;  // rows from here on lack the epilogue
    const int64_t most = s.in_place ? s.rows : s.sum_rows() - s.micro->rows;  // of them, before the last tile
    for (int64_t tile = piece.tile; tile < piece.tile_end; tile++) {
      const int64_t row = tile * s.micro->rows, end = std::min(row + s.micro->rows, s.rows);
      rows.fill(rows.context, x, row, static_cast<int>(end - row), pointers,
                reinterpret_cast<uint8_t*>(pointers) + s.pointer_bytes());
      char* const sums = s.sum_bytes() == 0 ? static_cast<char*>(call.outputs[0])
                                            : room - pending * s.columns * size;  // as if all were there
      t.out = sums + (row * s.columns + column) * size;
      s.micro->run(t, static_cast<int>(end - row));
      const bool due = (end - pending) * (column_end - column) >= kEpilogueElements || end - pending > most ||
                       tile + 1 == piece.tile_end;
      if (s.plain || !due) continue;
      operands[0] = sums;
      run_tiles(s.program, operands, call.outputs[0], pending, end, column, column_end, scratch);
      pending = end;
    }
  }
}

}  // namespace

Status plan_dot(const Pointwise& epilogue, int32_t x, DotShape& s, edgert_plan& plan) {
  s.micro = micro().dot;
  s.is_signed = x == EDGERT_I8;
  EDGERT_TRY(plan_epilogue(epilogue, plan, s));
  const double sums = static_cast<double>(s.rows) * static_cast<double>(s.columns);
  const double products = sums * static_cast<double>(s.taps * s.channels);
  const double cost = products / 100 + sums * (s.plain ? 0.1 : s.program.cost);
  const auto weights = static_cast<double>(s.columns * s.taps * s.channels);
  const auto read = static_cast<double>(size_of(shape_of(plan.inputs[0])));
  cut_work({s.tiles(), s.panels(), cost, weights, read, sums * (s.in_place ? 4 : 1)}, plan, s.row_pieces,
           s.column_pieces);
  const auto pieces = static_cast<uint64_t>(s.pieces());
  plan.scratch_bytes = pieces * (s.program_bytes() + s.row_bytes() + s.sum_bytes());
  return {};
}

Status run_dot(const DotShape& s, const edgert_call& call, const DotRows& rows) {
  char* scratch = static_cast<char*>(call.scratch);
  const auto pieces = static_cast<uint64_t>(s.pieces());
  char* const pointers = scratch + pieces * s.program_bytes();
  char* const room = pointers + pieces * s.row_bytes();
  parallel(call, s.pieces(), [&](int64_t i, int) {
    const int64_t by_row = i / s.column_pieces, by_column = i % s.column_pieces;
    const Piece piece{piece_begin(s.tiles(), by_row, s.row_pieces),
                      piece_begin(s.tiles(), by_row + 1, s.row_pieces),
                      piece_begin(s.panels(), by_column, s.column_pieces),
                      piece_begin(s.panels(), by_column + 1, s.column_pieces)};
    run_piece(s, call, rows, piece, room + static_cast<uint64_t>(i) * s.sum_bytes(),
              reinterpret_cast<const uint8_t**>(pointers + static_cast<uint64_t>(i) * s.row_bytes()),
              scratch + static_cast<uint64_t>(i) * s.program_bytes());
  });
  return {};
}

}  // namespace edgert::cpu
