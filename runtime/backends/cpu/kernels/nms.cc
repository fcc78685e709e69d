// nms: boxes of a class in order of their scores, each against those kept so far.
#include "ops/nms.h"

#include <algorithm>

#include "backends/cpu/kernels/kernel.h"

namespace edgert {
namespace cpu {
namespace {

struct Box {
  float low[2], high[2];
};

Status plan_nms(const NodeArgs& args, edgert_plan& plan) {
  NmsParams* state = new_state<NmsParams>(&plan);
  if (!state) return no_memory();
  EDGERT_TRY(parse_nms(args, *state));
  int64_t bytes;
  if (!multiply(state->boxes, static_cast<int64_t>(sizeof(Box) + 8), bytes)) return invalid("too many boxes");
  plan.scratch_bytes = static_cast<uint64_t>(bytes);
  return {};
}

Box corners(const float* box, bool center) {
  Box out;
  for (int i = 0; i < 2; i++) {
    const float half = box[2 + i] / 2;
    out.low[i] = center ? box[i] - half : std::min(box[i], box[2 + i]);
    out.high[i] = center ? box[i] + half : std::max(box[i], box[2 + i]);
  }
  return out;
}

float area(const Box& box) { return (box.high[0] - box.low[0]) * (box.high[1] - box.low[1]); }

// Intersection over union; 0 where the union is empty.
float overlap(const Box& a, const Box& b) {
  float shared = 1;
  for (int i = 0; i < 2; i++) shared *= std::max(std::min(a.high[i], b.high[i]) - std::max(a.low[i], b.low[i]), 0.0f);
  const float total = area(a) + area(b) - shared;
  return total > 0 ? shared / total : 0;
}

struct Limits {
  int64_t most;
  float overlap;
  const float* least;
};

// Writes (batch, class, box) of the boxes kept of one class; how many.
int64_t suppress(const NmsParams& p, const Limits& limits, const float* scores, const Box* boxes, int64_t* order,
                 int64_t batch, int64_t kind, int64_t* out) {
  int64_t candidates = 0, kept = 0;
  for (int64_t i = 0; i < p.boxes; i++)
    if (!limits.least || scores[i] > *limits.least) order[candidates++] = i;
  // NaN scores come last: the order stays strict.
  std::sort(order, order + candidates, [&](int64_t a, int64_t b) {
    const bool a_nan = scores[a] != scores[a], b_nan = scores[b] != scores[b];
    if (a_nan != b_nan) return b_nan;
    return scores[a] > scores[b] || (!(scores[b] > scores[a]) && a < b);
  });
  for (int64_t c = 0; c < candidates && kept < limits.most; c++) {
    bool free = true;
    for (int64_t k = 0; k < kept && free; k++) free = overlap(boxes[out[3 * k + 2]], boxes[order[c]]) <= limits.overlap;
    if (!free) continue;
    out[3 * kept] = batch;
    out[3 * kept + 1] = kind;
    out[3 * kept + 2] = order[c];
    kept++;
  }
  return kept;
}

Status run_nms(const NmsParams& p, const edgert_call& call) {
  const float* boxes = static_cast<const float*>(call.inputs[0]);
  const float* scores = static_cast<const float*>(call.inputs[1]);
  const Limits limits = {p.has_limit ? *static_cast<const int64_t*>(call.inputs[2]) : 0,
                         p.has_overlap ? *static_cast<const float*>(call.inputs[3]) : 0,
                         p.has_least ? static_cast<const float*>(call.inputs[4]) : nullptr};
  int64_t* order = static_cast<int64_t*>(call.scratch);
  Box* corner = reinterpret_cast<Box*>(order + p.boxes);
  int64_t* out = static_cast<int64_t*>(call.outputs[0]);
  int64_t count = 0;
  for (int64_t b = 0; b < p.batch; b++) {
    for (int64_t i = 0; i < p.boxes; i++) corner[i] = corners(boxes + (b * p.boxes + i) * 4, p.center);
    for (int64_t c = 0; c < p.classes; c++)
      count += suppress(p, limits, scores + (b * p.classes + c) * p.boxes, corner, order, b, c, out + 3 * count);
  }
  call.counts[0] = count;
  return {};
}

}  // namespace
}  // namespace cpu

extern const edgert_kernel nms_kernel = cpu::make_kernel<NmsParams, cpu::plan_nms, cpu::run_nms>("nms");

}  // namespace edgert
