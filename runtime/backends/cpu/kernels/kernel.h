// Glue between kernels written in C++ and the C table `edgert_kernel`.
//
//   struct State { ... };                                            // plain data, freed with the plan
//   Status plan_softmax(const NodeArgs& args, edgert_plan& plan);    // checks, fills a State, scratch_bytes
//   Status run_softmax(const State& state, const edgert_call& call);
//   extern const edgert_kernel softmax_kernel = make_kernel<State, plan_softmax, run_softmax>("softmax");
//
// and a line EDGERT_KERNEL(softmax_kernel) in kernels.def.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>

#include "core/costs.h"
#include "edgert.h"
#include "ops/common.h"

namespace edgert::cpu {

// Writes the text of a failure into the plan's or call's error and gives `code` back.
[[gnu::format(printf, 3, 4)]] edgert_status fail(const edgert_plan& plan, edgert_status code,
                                                 const char* format, ...);
[[gnu::format(printf, 3, 4)]] edgert_status fail(const edgert_call& call, edgert_status code,
                                                 const char* format, ...);
// The same for a status; EDGERT_OK where it is ok.
edgert_status report(const edgert_plan& plan, const Status& status);
edgert_status report(const edgert_call& call, const Status& status);

inline NodeArgs node_args(const edgert_plan& plan) {
  return {*plan.node,
          {plan.inputs, static_cast<size_t>(plan.input_count)},
          {plan.outputs, static_cast<size_t>(plan.output_count)}};
}
inline std::span<const edgert_operand> inputs(const edgert_plan* plan) { return node_args(*plan).inputs; }
inline std::span<const edgert_operand> outputs(const edgert_plan* plan) { return node_args(*plan).outputs; }

// `count` zeroed objects in the plan's memory; nullptr where there is none.
template <class T>
T* allocate(edgert_plan& plan, size_t count = 1) {
  static_assert(std::is_trivially_destructible_v<T>);
  size_t bytes;
  if (__builtin_mul_overflow(count, sizeof(T), &bytes)) return nullptr;
  void* memory = plan.allocate(&plan, bytes ? bytes : 1);
  if (!memory) return nullptr;
  T* objects = static_cast<T*>(memory);
  for (size_t i = 0; i < count; i++) new (objects + i) T();
  return objects;
}

template <class T>
T* new_state(edgert_plan* plan) {
  plan->state = allocate<T>(*plan);
  return static_cast<T*>(plan->state);
}
inline Status no_memory() { return error(EDGERT_ERROR_MEMORY, "no memory for the plan"); }

template <auto Plan>
edgert_status plan_entry(edgert_plan* plan) {
  return report(*plan, Plan(node_args(*plan), *plan));
}

template <class State, auto Run>
edgert_status run_entry(const void* state, const edgert_call* call) {
  return report(*call, Run(*static_cast<const State*>(state), *call));
}

template <class State, auto Plan, auto Run>
constexpr edgert_kernel make_kernel(const char* op) {
  return {sizeof(edgert_kernel), op, nullptr, plan_entry<Plan>, run_entry<State, Run>};
}

// The index of the way to take: what the plan wishes for, else `usual`. Tells the plan of all of them.
size_t choose_way(edgert_plan& plan, std::span<const char* const> ways, size_t usual);

// Calls body(i, worker) for i in [0, n), spread over the threads.
template <class Body>
void parallel(const edgert_call& call, int64_t n, Body&& body) {
  if (n <= 1 || call.threads <= 1) {
    for (int64_t i = 0; i < n; i++) body(i, 0);
    return;
  }
  using Plain = std::remove_reference_t<Body>;
  call.parallel(
      &call, n,
      [](void* argument, int64_t i, int32_t worker) { (*static_cast<Plain*>(argument))(i, worker); },
      const_cast<std::remove_const_t<Plain>*>(&body));
}

// Lines that are made from the same lines of the operands.
inline constexpr edgert_lines kSameLines = {1, 1, 1, 0, 0, 0};
// Whether results of these sizes can be made line by line.
inline bool has_lines(const edgert_operand& result) {
  return result.rank > 2 && result.dims[0] == 1 && result.dims[1] > 0;
}

struct Range {
  int64_t begin, end;
};
// The lines of the result that a call makes.
inline Range lines_of(const edgert_call& call, int64_t all) {
  return call.line_end ? Range{call.line_begin, call.line_end} : Range{0, all};
}

// How many pieces to cut work of `cost` nanoseconds into: 1 where other threads would hardly have begun, else
// one for each thread.
inline int64_t pieces(int64_t cost, int32_t threads) { return cost < kShared ? 1 : threads; }

// The same at plan time, where the core hears of the cost, too.
inline int64_t pieces(edgert_plan& plan, double cost) {
  plan.cost = cost;
  return pieces(static_cast<int64_t>(cost < 1e15 ? cost : 1e15), plan.threads);
}

// Divisions by 1 would be most of the time of a small product.
struct Quotient {
  int64_t whole, rest;
};
inline Quotient divide(int64_t n, int64_t by) { return by == 1 ? Quotient{n, 0} : Quotient{n / by, n % by}; }

// Piece i of [0, n) cut into `count` runs of equal length (within one).
inline int64_t piece_begin(int64_t n, int64_t i, int64_t count) {
  const auto [length, longer] = divide(n, count);
  return length * i + (i < longer ? i : longer);
}

}  // namespace edgert::cpu
