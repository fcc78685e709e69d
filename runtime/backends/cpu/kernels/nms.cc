// nms: of each class the boxes in order of score, but those that overlap a better one.
#include "ops/nms.h"

#include <algorithm>
#include <cmath>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

struct Box {
  float low[2], high[2];
  float area() const { return (high[0] - low[0]) * (high[1] - low[1]); }
};

struct NmsState {
  NmsParams nms;
};

Status plan_nms(const NodeArgs& args, edgert_plan& plan) {
  NmsState* state = new_state<NmsState>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_nms(args, state->nms));
  int64_t bytes;
  if (!multiply(state->nms.boxes, int64_t{sizeof(Box) + sizeof(int64_t)}, bytes))
    return invalid("too many boxes");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

Box read_box(const NmsParams& p, const float* from) {
  Box box;
  for (int i = 0; i < 2; i++) {
    const float a = from[i], b = from[2 + i];
    box.low[i] = p.center_point_box ? a - b / 2 : std::min(a, b);
    box.high[i] = p.center_point_box ? a + b / 2 : std::max(a, b);
  }
  return box;
}

float overlap(const Box& a, const Box& b) {
  float shared = 1;
  for (int i = 0; i < 2; i++)
    shared *= std::max(std::min(a.high[i], b.high[i]) - std::max(a.low[i], b.low[i]), 0.0f);
  const float total = a.area() + b.area() - shared;
  return total > 0 ? shared / total : 0;
}

// The order's first entries become the boxes kept of one class; returns how many.
int64_t suppress(const Box* boxes, int64_t* order, int64_t candidates, int64_t most, float threshold) {
  int64_t kept = 0;
  for (int64_t i = 0; i < candidates && kept < most; i++) {
    bool fits = true;
    for (int64_t k = 0; k < kept && fits; k++) fits = overlap(boxes[order[k]], boxes[order[i]]) <= threshold;
    if (fits) order[kept++] = order[i];
  }
  return kept;
}

// Boxes by falling score, NaN last, equal ones by number; only scores above `least` where it is given.
int64_t rank_boxes(const float* scores, int64_t boxes, const float* least, int64_t* order) {
  int64_t count = 0;
  for (int64_t i = 0; i < boxes; i++)
    if (!least || scores[i] > *least) order[count++] = i;
  std::sort(order, order + count, [scores](int64_t a, int64_t b) {
    const float x = scores[a], y = scores[b];
    if (x > y || y > x) return x > y;
    if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
    return a < b;
  });
  return count;
}

Status run_nms(const NmsState& state, const edgert_call& call) {
  const NmsParams& p = state.nms;
  const auto* boxes = static_cast<const float*>(call.inputs[0]);
  const auto* scores = static_cast<const float*>(call.inputs[1]);
  const int64_t most = p.has_most ? *static_cast<const int64_t*>(call.inputs[2]) : 0;
  const float threshold = p.has_overlap ? *static_cast<const float*>(call.inputs[3]) : 0;
  const float* least = p.has_least ? static_cast<const float*>(call.inputs[4]) : nullptr;
  auto* order = static_cast<int64_t*>(call.scratch);
  Box* corners = reinterpret_cast<Box*>(order + p.boxes);
  auto* out = static_cast<int64_t*>(call.outputs[0]);
  int64_t rows = 0;
  const int64_t batches = p.boxes ? p.batch : 0;
  for (int64_t batch = 0; batch < batches; batch++) {
    for (int64_t i = 0; i < p.boxes; i++) corners[i] = read_box(p, boxes + (batch * p.boxes + i) * 4);
    for (int64_t kind = 0; kind < p.classes; kind++) {
      const float* values = scores + (batch * p.classes + kind) * p.boxes;
      const int64_t kept =
          suppress(corners, order, rank_boxes(values, p.boxes, least, order), most, threshold);
      for (int64_t i = 0; i < kept; i++, rows++) {
        out[rows * 3] = batch;
        out[rows * 3 + 1] = kind;
        out[rows * 3 + 2] = order[i];
      }
    }
  }
  call.counts[0] = rows;
  return {};
}

}  // namespace
}  // namespace cpu

using namespace cpu;
extern const edgert_kernel nms_kernel = make_kernel<NmsState, plan_nms, run_nms>("nms");

}  // namespace edgert
