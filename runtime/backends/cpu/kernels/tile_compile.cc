// From a scalar program to steps over slots: constants folded into instructions, common groups of
// instructions joined, slots shared between registers that do not live at the same time.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "backends/cpu/kernels/instructions.h"
#include "backends/cpu/kernels/tile_program.h"

namespace edgert::cpu {
namespace {

constexpr int kOperand = -1;

using Constants = std::array<float, kTileConstants>;

struct Register {
  int code = kOperand;
  int dtype = 0;
  int args[3] = {-1, -1, -1};
  int64_t bits = 0;
  Constants k = {};
  int uses = 0;
};

// Of steps too, in which instructions were joined.
int arguments_of(int code) {
  if (code == kOperand) return 0;
  if (code == kMultiplyAdd) return 3;
  if (code == kLeakyBy || code == kScaledSum) return 2;
  return code >= kAddConstant ? 1 : argument_count(code);
}

// The registers of a program; rewriting keeps the counts of uses.
class Registers {
 public:
  explicit Registers(const Pointwise& pointwise) {
    const Program* program = pointwise.program;
    for (int i = 0; i < pointwise.count; i++) {
      all_.emplace_back();
      all_.back().dtype = program ? program->operands[i] : compute_dtype(pointwise.dtypes[i]);
    }
    if (program) {
      for (const Instruction& i : program->code)
        all_.push_back({i.code, i.dtype, {i.a, i.b, i.c}, i.imm, {}, 0});
    }
    for (Register& r : all_)
      for (int k = 0; k < arguments_of(r.code); k++) all_[r.args[k]].uses++;
    all_.back().uses++;
  }

  Register& operator[](int i) { return all_[i]; }
  int count() const { return static_cast<int>(all_.size()); }

  // Turns register i into `code` of the arguments.
  void rewrite(int i, int code, const Constants& k, int a, int b = -1, int c = -1) {
    Register& r = all_[i];
    const Register old = r;
    r.code = code;
    r.k = k;
    const int args[] = {a, b, c};
    for (int j = 0; j < 3; j++) {
      r.args[j] = args[j];
      if (args[j] >= 0) all_[args[j]].uses++;
    }
    for (int j = 0; j < arguments_of(old.code); j++) release(old.args[j]);
  }

  // Whether register i is an f32 constant that is not NaN.
  bool constant(int i, float& value) const {
    if (all_[i].code != kConst || all_[i].dtype != EDGERT_F32) return false;
    double wide;
    std::memcpy(&wide, &all_[i].bits, sizeof wide);
    value = static_cast<float>(wide);
    return value == value;
  }

 private:
  void release(int i) {
    if (--all_[i].uses > 0) return;
    for (int k = 0; k < arguments_of(all_[i].code); k++) release(all_[i].args[k]);
  }

  std::vector<Register> all_;
};

bool is_power_of_two(float x) {
  int exponent;
  return std::fabs(std::frexp(x, &exponent)) == 0.5f && std::isnormal(1 / x);
}

constexpr float kNothing = -0.0f;  // added to a number, it leaves even the sign of a zero

// A product or sum with a constant, as part of a gate or GELU that nothing else reads where it can be.
void with_constant(Registers& all, int i, int code, float value, int other) {
  const Register inner = all[other];
  Constants k = inner.k;
  const bool scales = code == kMultiplyConstant, only = inner.uses == 1;
  if (only && inner.code == kGate && k[5] == 0 && (!scales || k[4] == 1)) k[scales ? 4 : 5] = value;
  else if (only && inner.code == kGelu && scales && k[1] == 1) k[1] = value;
  else return all.rewrite(i, code, {value}, other);
  all.rewrite(i, inner.code, k, inner.args[0]);
}

// One instruction with a constant argument.
void fold_constant(Registers& all, int i) {
  Register& r = all[i];
  float value;
  const bool right = all.constant(r.args[1], value);
  if (!right && (r.code == kSub || r.code == kDiv || !all.constant(r.args[0], value))) return;
  const int other = right ? r.args[0] : r.args[1];
  const Register inner = all[other];
  const bool joins = inner.code == kClamp && inner.uses == 1;
  switch (r.code) {
    case kAdd: return with_constant(all, i, kAddConstant, value, other);
    case kSub: return with_constant(all, i, kAddConstant, -value, other);
    case kMul: return with_constant(all, i, kMultiplyConstant, value, other);
    case kDiv:
      if (is_power_of_two(value)) with_constant(all, i, kMultiplyConstant, 1 / value, other);
      return;
    case kMax:
      if (joins && value <= inner.k[1])
        return all.rewrite(i, kClamp, {std::fmax(value, inner.k[0]), inner.k[1]}, inner.args[0]);
      return all.rewrite(i, kClamp, {value, INFINITY}, other);
    case kMin:
      if (joins && value >= inner.k[0])
        return all.rewrite(i, kClamp, {inner.k[0], std::fmin(value, inner.k[1])}, inner.args[0]);
      return all.rewrite(i, kClamp, {-INFINITY, value}, other);
    default: return;
  }
}

// x * clamp(x * alpha + beta), where `clamp` is the second factor.
bool join_hard_swish(Registers& all, int i, int x, int factor) {
  const Register clamp = all[factor];
  if (clamp.code != kClamp || clamp.uses != 1) return false;
  const Register shift = all[clamp.args[0]];
  if (shift.code != kAddConstant || shift.uses != 1) return false;
  Register scale = all[shift.args[0]];
  if (shift.args[0] == x) scale.k[0] = 1;
  else if (scale.code != kMultiplyConstant || scale.uses != 1 || scale.args[0] != x) return false;
  all.rewrite(i, kGate, {scale.k[0], shift.k[0], clamp.k[0], clamp.k[1], 1, kNothing}, x);
  return true;
}

// Register i, or what it is a power of two times as much of, if nothing else reads it: then `factor` is that.
int unscaled(Registers& all, int i, float& factor) {
  const Register r = all[i];
  factor = 1;
  if (r.code != kMultiplyConstant || r.uses != 1 || !is_power_of_two(r.k[0])) return i;
  factor = r.k[0];
  return r.args[0];
}

// x * (erf(x * scale) + 1) of a positive scale, either factor scaled by a power of two; `gate` is the second.
bool join_gelu(Registers& all, int i, int x, int gate) {
  float of_x, of_gate;
  x = unscaled(all, x, of_x);
  const Register sum = all[unscaled(all, gate, of_gate)];
  if (sum.code != kAddConstant || sum.k[0] != 1 || sum.uses != 1) return false;
  const Register curve = all[sum.args[0]];
  if (curve.code != kErf || curve.uses != 1) return false;
  const Register scale = all[curve.args[0]];
  if (scale.code != kMultiplyConstant || scale.uses != 1 || scale.args[0] != x || !(scale.k[0] > 0))
    return false;
  all.rewrite(i, kGelu, {scale.k[0], of_x * of_gate}, x);
  return true;
}

bool join_scaled_sum(Registers& all, int i) {
  const Register r = all[i], a = all[r.args[0]], b = all[r.args[1]];
  if (a.code != kMultiplyConstant || b.code != kMultiplyConstant || a.uses != 1 || b.uses != 1) return false;
  all.rewrite(i, kScaledSum, {a.k[0], b.k[0]}, a.args[0], b.args[0]);
  return true;
}

void join(Registers& all, int i) {
  const Register r = all[i];
  if (r.code == kAdd && join_scaled_sum(all, i)) return;
  for (int k = 0; k < 2; k++) {
    const int one = r.args[k], other = r.args[1 - k];
    const Register factor = all[other];
    if (r.code == kMul && factor.code == kSigmoid && factor.args[0] == one && factor.uses == 1)
      return all.rewrite(i, kSilu, {}, one);
    if (r.code == kMul && (join_hard_swish(all, i, one, other) || join_gelu(all, i, one, other))) return;
    // max(x, x * slope)
    const bool slopes = factor.code == kMultiplyConstant && factor.args[0] == one && factor.uses == 1;
    if (r.code == kMax && slopes && factor.k[0] > 0 && factor.k[0] <= 1)
      return all.rewrite(i, kLeaky, factor.k, one);
    if (r.code == kAdd && factor.code == kMul && factor.uses == 1)
      return all.rewrite(i, kMultiplyAdd, {}, factor.args[0], factor.args[1], one);
  }
}

// x < 0 ? x * slope : x
void join_leaky(Registers& all, int i) {
  const Register r = all[i], less = all[r.args[0]], product = all[r.args[1]];
  const int x = r.args[2];
  float zero;
  if (less.code != kLess || less.args[0] != x || !all.constant(less.args[1], zero) || zero != 0) return;
  if (product.uses != 1) return;
  if (product.code == kMultiplyConstant && product.args[0] == x) return all.rewrite(i, kLeaky, product.k, x);
  if (product.code != kMul || (product.args[0] != x && product.args[1] != x)) return;
  all.rewrite(i, kLeakyBy, {}, x, product.args[0] == x ? product.args[1] : product.args[0]);
}

// A cast to bytes saturates by itself.
void drop_clamp(Registers& all, int i) {
  const Register r = all[i], clamp = all[r.args[0]];
  const float least = r.dtype == EDGERT_U8 ? 0.0f : -128.0f;
  if ((r.dtype != EDGERT_U8 && r.dtype != EDGERT_I8) || clamp.code != kClamp || clamp.uses != 1) return;
  if (clamp.k[0] <= least && clamp.k[1] >= least + 255) all.rewrite(i, kCast, {}, clamp.args[0]);
}

void simplify(Registers& all, int first) {
  for (int i = first; i < all.count(); i++) {
    if (all[i].code == kCast) drop_clamp(all, i);
    if (all[i].dtype == EDGERT_F32 && all[i].code == kSelect) join_leaky(all, i);
    if (all[i].dtype != EDGERT_F32 || arguments_of(all[i].code) != 2 || all[i].code >= kAddConstant) continue;
    fold_constant(all, i);
    if (arguments_of(all[i].code) == 2) join(all, i);
  }
}

// Whether operand k is an f32 vector over the columns.
bool is_column_vector(const Pointwise& pointwise, int k) {
  if (pointwise.dtypes[k] != EDGERT_F32 || pointwise.rank == 0) return false;
  for (int axis = 0; axis + 1 < pointwise.rank; axis++)
    if (pointwise.strides[k][axis] != 0) return false;
  return pointwise.strides[k][pointwise.rank - 1] == 1 || pointwise.dims[pointwise.rank - 1] == 1;
}

// Whether operand k is f32 and lies as the result does.
bool is_like_result(const Pointwise& pointwise, int k) {
  int64_t dense = 1;
  bool like = pointwise.dtypes[k] == EDGERT_F32;
  for (int axis = pointwise.rank - 1; axis >= 0; axis--) {
    like &= pointwise.dims[axis] == 1 || pointwise.strides[k][axis] == dense;
    dense *= pointwise.dims[axis];
  }
  return like;
}

int only_user(Registers& all, int i) {
  if (all[i].uses != 1) return -1;
  for (int user = i + 1; user < all.count(); user++)
    for (int k = 0; all[user].uses && k < arguments_of(all[user].code); k++)
      if (all[user].args[k] == i) return user;
  return -1;
}

// Where the only use of register `at` is its sum with an operand that `fits`, the product adds it: moves it
// to `added` and `at` to the register of the sum. The same for a clamp below.
template <class Fits>
void take_sum(const Pointwise& pointwise, Registers& all, int32_t& added, int& at, Fits&& fits) {
  if (all[at].dtype != EDGERT_F32) return;
  const int user = only_user(all, at);
  if (user < 0 || all[user].code != kAdd) return;
  const int other = all[user].args[0] == at ? all[user].args[1] : all[user].args[0];
  if (other == at || other >= pointwise.count || !fits(pointwise, other)) return;
  added = other;
  all[other].uses--;
  all[at].uses = 0;
  at = user;
}

int take_clamp(Registers& all, FusedHead& head, int at) {
  const int user = only_user(all, at);
  if (all[at].dtype != EDGERT_F32 || user < 0 || all[user].code != kClamp) return at;
  head.low = all[user].k[0];
  head.high = all[user].k[1];
  all[at].uses = 0;
  return user;
}

// Slots are given to registers in order and come back after the last use.
class Slots {
 public:
  int16_t take() {
    if (free_.empty()) return static_cast<int16_t>(count_++);
    const int16_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give(int16_t slot) { free_.push_back(slot); }
  int count() const { return count_; }

 private:
  std::vector<int16_t> free_;
  int count_ = 0;
};

float cost_of(int code, bool fast) {
  const bool hard = (code >= kExp && code <= kSigmoid) || code == kSilu || code == kGelu || code == 46;
  return (hard ? 0.3f : 0.05f) * (fast ? 1 : 20);
}

// The tier's own cast, if it has one.
TileFunction quick_cast(const MapMicro& map, int from, int to) {
  if (to == EDGERT_F32) return from == EDGERT_U8 ? map.from_u8 : from == EDGERT_I8 ? map.from_i8 : nullptr;
  if (from == EDGERT_F32) return to == EDGERT_U8 ? map.to_u8 : to == EDGERT_I8 ? map.to_i8 : nullptr;
  return nullptr;
}

Status add_step(Registers& all, const Micro& micro, int i, std::vector<int16_t>& slots, TileProgram& out) {
  const Register& r = all[i];
  const int argument = all[r.code == kSelect ? r.args[1] : r.args[0]].dtype;
  TileFunction function = r.code == kCast ? quick_cast(*micro.map, argument, r.dtype)
                          : argument == EDGERT_F32 && r.code < kFusedEnd ? micro.map->functions[r.code]
                                                                         : nullptr;
  const bool fast = function != nullptr;
  if (!function) function = instruction(r.code, argument, r.dtype);
  if (!function) return unsupported("instruction %d of %s", r.code, dtype_name(argument));
  auto slot = [&](int k) {
    return r.args[k] >= 0 && k < arguments_of(r.code) ? slots[r.args[k]] : int16_t{-1};
  };
  TileInstruction& step = out.steps[out.step_count++];
  step = {function, slots[i], slot(0), slot(1), slot(2), {}};
  std::copy(r.k.begin(), r.k.end(), step.k);
  out.cost += cost_of(r.code, fast);
  return {};
}

Status make_room(Registers& all, int operands, edgert_plan& plan, TileProgram& out) {
  size_t steps = 0, constants = 0;
  for (int i = operands; i < all.count(); i++)
    if (all[i].uses > 0) all[i].code == kConst ? constants++ : steps++;
  out.steps = allocate<TileInstruction>(plan, steps);
  out.constants = allocate<TileConstant>(plan, constants);
  return out.steps && out.constants ? Status{} : no_memory();
}

// `start` is the register that operand 0 holds (0, or what the head of the program left there).
Status emit(Registers& all, const Micro& micro, int operands, int start, TileProgram& out) {
  std::vector<int16_t> slots(all.count(), -1);
  std::vector<int> left(all.count());
  Slots free;
  for (int i = 0; i < all.count(); i++) left[i] = all[i].uses;
  for (int i = 0; i < operands; i++) {
    out.operands[i].used = i == 0 ? all[start].uses > 0 : all[i].uses > 0;
    slots[i] = out.operands[i].slot = free.take();
  }
  slots[start] = slots[0];
  for (int i = operands; i < all.count(); i++) {
    if (all[i].uses <= 0 || all[i].code != kConst) continue;
    slots[i] = free.take();
    out.constants[out.constant_count++] = {slots[i], all[i].dtype, all[i].bits};
  }
  for (int i = operands; i < all.count(); i++) {
    const Register& r = all[i];
    if (r.uses <= 0 || r.code == kConst || slots[i] >= 0) continue;
    slots[i] = free.take();
    EDGERT_TRY(add_step(all, micro, i, slots, out));
    for (int k = 0; k < arguments_of(r.code); k++)
      if (--left[r.args[k]] == 0 && slots[r.args[k]] >= operands && all[r.args[k]].code != kConst)
        free.give(slots[r.args[k]]);
  }
  out.result_slot = slots[all.count() - 1];
  out.slot_count = free.count();
  return {};
}

// Where operands and result lie, and what loads and stores them. `at_hand`: operand 0 is in the L1 cache.
Status set_operands(const Pointwise& pointwise, bool at_hand, TileProgram& out) {
  // The last axis stays by itself: it is the columns. The others merge where all operands allow.
  const int32_t last = pointwise.rank - 1;
  Pointwise outer = pointwise;
  outer.rank = last;
  collapse(outer);
  out.rank = outer.rank + 1;
  out.rows = 1;
  for (int axis = 0; axis < outer.rank; axis++) out.rows *= out.dims[axis] = outer.dims[axis];
  out.columns = out.dims[outer.rank] = pointwise.dims[last];

  out.operand_count = pointwise.count;
  for (int i = 0; i < pointwise.count; i++) {
    TileOperand& operand = out.operands[i];
    const int32_t stored = pointwise.dtypes[i], computed = compute_dtype(stored);
    for (int axis = 0; axis < outer.rank; axis++) operand.strides[axis] = outer.strides[i][axis];
    operand.strides[outer.rank] = pointwise.strides[i][last];
    operand.size = static_cast<int32_t>(item_size(stored));
    operand.computed_size = static_cast<int32_t>(item_size(computed));
    operand.load = load_function(stored);
    operand.converts = computed != stored;
    if (!operand.load) return unsupported("operands of %s", dtype_name(stored));
    if (i > 0 || !at_hand) out.cost += 0.02f * operand.size * (operand.converts ? 8 : 1);
  }
  const int32_t stored = pointwise.result, computed = compute_dtype(stored);
  out.store = store_function(stored);
  if (!out.store) return unsupported("a result of %s", dtype_name(stored));
  out.result_size = static_cast<int32_t>(item_size(stored));
  out.computed_result_size = static_cast<int32_t>(item_size(computed));
  out.result_converts = computed != stored;
  return {};
}

}  // namespace

Status compile_tiles(const Pointwise& pointwise, const Micro& micro, edgert_plan& plan, TileProgram& out,
                     FusedHead* head, bool adds) {
  Pointwise walked = pointwise;
  const int code_count = pointwise.program ? static_cast<int>(pointwise.program->code.size()) : 0;
  if (code_count > kMaxTileSteps) return unsupported("a program of %d instructions", code_count);
  if (walked.rank == 0) walked.dims[walked.rank++] = 1;
  out = {};
  EDGERT_TRY(set_operands(walked, head, out));

  Registers all(walked);
  int start = 0;
  if (head) {
    *head = {-1, -1, -INFINITY, INFINITY};
    take_sum(walked, all, head->bias, start, is_column_vector);
    if (adds) take_sum(walked, all, head->added, start, is_like_result);
  }
  simplify(all, start == 0 ? walked.count : start + 1);
  if (head) start = take_clamp(all, *head, start);
  int64_t widest = out.computed_result_size;
  for (int i = 0; i < all.count(); i++)
    widest = std::max(widest, static_cast<int64_t>(item_size(all[i].dtype)));
  out.slot_bytes = kTile * widest + 128;
  EDGERT_TRY(make_room(all, walked.count, plan, out));
  return emit(all, micro, walked.count, start, out);
}

bool only_accumulator(const TileProgram& program) {
  return program.step_count == 0 && program.result_slot == program.operands[0].slot &&
         !program.result_converts && !program.operands[0].converts;
}

}  // namespace edgert::cpu
