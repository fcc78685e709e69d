#include "backends/cpu/kernels/tile_program.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace edgert::cpu {
namespace {

// Rows of equal outer index, seen as one block of rows x columns.
struct Block {
  const char* operands[kMaxProgramOperands];  // at the block's first element
  char* out;
  int64_t rows, columns;
  int64_t out_stride;  // elements between rows
};

struct Run {
  const TileProgram& program;
  char* scratch;
  bool loaded[kMaxProgramOperands];  // the operand is the same in every tile of the block, and is there

  char* slot(int16_t index) const { return scratch + index * program.slot_bytes; }
};

template <class T>
void fill(char* to, T value, int64_t n) {
  std::fill_n(reinterpret_cast<T*>(to), n, value);
}

void fill_constant(char* to, int32_t dtype, int64_t bits, int64_t n) {
  double number;
  std::memcpy(&number, &bits, sizeof number);
  switch (dtype) {
    case EDGERT_F32: return fill(to, static_cast<float>(number), n);
    case EDGERT_F64: return fill(to, number, n);
    default: break;
  }
  switch (item_size(dtype)) {
    case 1: return fill(to, static_cast<uint8_t>(bits), n);
    case 2: return fill(to, static_cast<uint16_t>(bits), n);
    case 4: return fill(to, static_cast<uint32_t>(bits), n);
    default: return fill(to, bits, n);
  }
}

// Operand i over rows [row, row + rows) x columns [column, column + columns) of the block, as a dense array
// with room for 16 elements more than it needs where n is no multiple of 16.
const void* load_tile(Run& run, const Block& block, int i, int64_t row, int64_t rows, int64_t column,
                      int64_t columns) {
  const TileOperand& operand = run.program.operands[i];
  const int64_t row_stride = run.program.rank > 1 ? operand.strides[run.program.rank - 2] : 0;
  const int64_t column_stride = operand.strides[run.program.rank - 1];
  const char* from = block.operands[i] + (row * row_stride + column * column_stride) * operand.size;
  char* to = run.slot(operand.slot);
  const bool dense = column_stride == 1 && (rows == 1 || row_stride == columns);
  if (dense && !operand.converts && rows * columns % 16 == 0) return from;
  if (dense) {
    operand.load(to, from, 1, rows * columns);
    return to;
  }
  const bool repeats = row_stride == 0 && (column_stride == 0 || columns == block.columns);
  if (repeats && run.loaded[i]) return to;
  if (row_stride == 0 && column_stride == 0) {
    operand.load(to, from, 0, std::min(kTile, block.rows * block.columns));
  } else if (column_stride == 0 && columns == 1) {
    operand.load(to, from, row_stride, rows);
  } else {
    const int64_t count = repeats ? std::min(block.rows, std::max<int64_t>(kTile / columns, 1)) : rows;
    for (int64_t r = 0; r < count; r++)
      operand.load(to + r * columns * operand.computed_size, from + r * row_stride * operand.size,
                   column_stride, columns);
  }
  run.loaded[i] = repeats;
  return to;
}

void store_tile(const TileProgram& program, const Block& block, const void* result, int64_t row, int64_t rows,
                int64_t column, int64_t columns) {
  char* to = block.out + (row * block.out_stride + column) * program.result_size;
  const char* from = static_cast<const char*>(result);
  if (from == to) return;
  if (rows == 1 || columns == block.out_stride) return program.store(to, from, rows * columns);
  for (int64_t r = 0; r < rows; r++)
    program.store(to + r * block.out_stride * program.result_size,
                  from + r * columns * program.computed_result_size, columns);
}

void run_tile(Run& run, const Block& block, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  const TileProgram& program = run.program;
  const int64_t n = rows * columns;
  const void* held[kMaxProgramOperands];
  for (int i = 0; i < program.operand_count; i++)
    held[i] = program.operands[i].used ? load_tile(run, block, i, row, rows, column, columns) : nullptr;
  auto argument = [&](int16_t slot) -> const void* {
    if (slot < 0) return nullptr;
    return slot < program.operand_count ? held[slot] : run.slot(slot);
  };
  const bool straight = n % 16 == 0 && !program.result_converts && (rows == 1 || columns == block.out_stride);
  char* out = block.out + (row * block.out_stride + column) * program.result_size;
  for (int i = 0; i < program.step_count; i++) {
    const TileInstruction& step = program.steps[i];
    const bool last = i + 1 == program.step_count && straight;
    step.function(
        {last ? out : run.slot(step.out), argument(step.a), argument(step.b), argument(step.c), step.k}, n);
    if (last) return;
  }
  store_tile(program, block, argument(program.result_slot), row, rows, column, columns);
}

// Narrow rows go several to a tile, if possible so many that tiles are multiples of 16 elements.
int64_t rows_of_tile(int64_t columns) {
  const int64_t rows = kTile / columns, step = 16 / std::gcd<int64_t>(columns, 16);
  return rows >= step ? rows / step * step : std::max<int64_t>(rows, 1);
}

// Whether the rows of all operands and the result follow each other without gaps, or are one number.
bool runs_on(const TileProgram& program, const Block& block) {
  bool found = block.columns == block.out_stride && program.rank > 1;
  for (int i = 0; found && i < program.operand_count; i++) {
    const int64_t* strides = program.operands[i].strides + program.rank - 2;
    const bool dense = strides[1] == 1 && strides[0] == block.columns;
    found = !program.operands[i].used || dense || (strides[0] == 0 && strides[1] == 0);
  }
  return found;
}

void run_block(Run& run, Block block) {
  std::fill_n(run.loaded, kMaxProgramOperands, false);
  if (runs_on(run.program, block)) {
    block.out_stride = block.columns *= block.rows;
    block.rows = 1;
  }
  if (block.columns > kTile) {
    for (int64_t row = 0; row < block.rows; row++)
      for (int64_t column = 0; column < block.columns; column += kTile)
        run_tile(run, block, row, 1, column, std::min(kTile, block.columns - column));
    return;
  }
  const int64_t step = rows_of_tile(block.columns);
  for (int64_t row = 0; row < block.rows; row += step)
    run_tile(run, block, row, std::min(step, block.rows - row), 0, block.columns);
}

}  // namespace

void run_tiles(const TileProgram& program, const void* const* operands, void* out, int64_t row,
               int64_t row_end, int64_t column, int64_t column_end, void* scratch) {
  if (row >= row_end || column >= column_end) return;
  Run run{program, static_cast<char*>(scratch), {}};
  const int64_t widest = std::min(kTile, std::max<int64_t>((row_end - row) * (column_end - column), 16));
  for (int i = 0; i < program.constant_count; i++) {
    const TileConstant& constant = program.constants[i];
    fill_constant(run.slot(constant.slot), constant.dtype, constant.bits, (widest + 15) / 16 * 16);
  }
  const int outer = program.rank - 1;  // axes of the rows
  const int64_t inner = outer > 0 ? program.dims[outer - 1] : 1;
  while (row < row_end) {
    Block block;
    const int64_t within = row % inner;
    block.rows = std::min(inner - within, row_end - row);
    block.columns = column_end - column;
    block.out_stride = program.columns;
    block.out = static_cast<char*>(out) + (row * program.columns + column) * program.result_size;
    for (int i = 0; i < program.operand_count; i++) {
      const TileOperand& operand = program.operands[i];
      int64_t offset = column * operand.strides[outer], rest = row;
      for (int axis = outer - 1; axis >= 0; axis--) {
        offset += rest % program.dims[axis] * operand.strides[axis];
        rest /= program.dims[axis];
      }
      block.operands[i] = static_cast<const char*>(operands[i]) + offset * operand.size;
    }
    run_block(run, block);
    row += block.rows;
  }
}

}  // namespace edgert::cpu
