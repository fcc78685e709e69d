// A model on its devices, with its inputs, outputs and states.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/frame.h"
#include "core/value.h"

namespace edgert {

struct Settings {
  std::string device = "cpu";
  std::string entry;
  bool strict = false;
  int32_t threads = 1;
  uint64_t memory_limit = 0, memory_budget = 0;
  uint64_t step_limit = 0;
  std::shared_ptr<const Tuning> tuning;
  std::string tuning_state = "none";
  void* cl_context = nullptr;
  void* cl_queue = nullptr;
};

// Calls that change a session, run it, or read a result fail with EDGERT_ERROR_BUSY during a run.
class Session {
 public:
  static Status open(std::shared_ptr<const Model> model, const Settings& settings,
                     std::unique_ptr<Session>& out);
  ~Session();
  Status clone(std::unique_ptr<Session>& out);

  // ---- inputs (those that are no states) and outputs ----
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return graph().outputs.size(); }
  const Value& input(size_t index) const {
    return graph().values[static_cast<size_t>(graph().inputs[inputs_[index]])];
  }
  const Value& output(size_t index) const {
    return graph().values[static_cast<size_t>(graph().outputs[index])];
  }
  // As much of the struct as `size` says there is.
  void spec(const Value& value, edgert_spec& out) const;

  Status set_input(size_t index, const edgert_tensor& tensor);
  // Of any kind; null is the absent optional.
  Status set_input_value(size_t index, const Object* value);
  Status set_input_device(size_t index, const edgert_tensor& shape, Memory memory);
  Status set_output(size_t index, const edgert_tensor* tensor);
  Status run();
  void cancel() { context_->cancelled = true; }
  Status reset();
  Status get_output(size_t index, edgert_tensor& out);
  // A view that stays until the next run; null is the absent optional.
  Status get_output_value(size_t index, const Object*& out);
  Status get_output_device(size_t index, edgert_tensor& shape, Memory& memory);

  // ---- looking inside ----
  Status keep_values(bool keep);
  Status profile(bool on);
  Status get_named(size_t index, edgert_tensor& out);
  // References are of the first entry.
  size_t reference_count() const { return entry_ == 0 ? model().references.size() : 0; }
  Status reference(size_t index, bool is_output, size_t position, edgert_tensor& out) const;
  // JSON of the session and its nodes; the text stays until the next call.
  Status describe(const char*& json);
  const Model& model() const { return context_->model(); }
  const Graph& graph() const { return frame_->graph(); }

 private:
  struct Bound {
    edgert_tensor tensor{};
    bool given = false, on_device = false;
    Memory memory;
    Block copy;  // of an input that cannot be read where it is
    ValueRef value;
    uint64_t handle = 0;  // of a container: its element
  };
  struct Tied {
    size_t input = 0, output = 0;  // positions in the graph's lists
    int32_t initial = -1;
    bool started = false;
    std::vector<int64_t> dims;
    Block now, next;
    // What the elements point to: the run that reads `now` must not make it in the memory it clears.
    std::unique_ptr<Heap> now_heap, next_heap;
  };
  struct SpecTexts {
    std::vector<std::string> dims;
    std::string type;
  };
  class Lock;

  Session(std::shared_ptr<const Model> model, std::vector<std::unique_ptr<Backend>> backends,
          const Settings& settings);
  Status prepare(int32_t entry);
  SpecTexts texts_of(const Value& value) const;
  Status check_tensor(const char* what, const Value& value, const edgert_tensor& tensor, bool has_data) const;
  Status hand_over(size_t index);
  Status start_state(Tied& state);
  Status store_state(Tied& state);
  Status detach(Tied& state, int32_t dtype, uint64_t bytes);
  Status reserve(Block& block, uint64_t bytes, const char* what);
  std::string description() const;
  // The value's type and dims in the last run; `size` stays, `data` is null.
  void shape_of(int32_t value, edgert_tensor& out) const;
  // The value as a host tensor; a device's is read into memory of the session.
  Status view(int32_t value, edgert_tensor& out);

  Settings settings_;
  int32_t entry_ = 0;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Frame> frame_;
  std::vector<size_t> inputs_;  // position in the graph's list
  std::vector<Bound> bound_;    // of inputs_
  std::vector<Tied> states_;
  std::map<int32_t, Block> staged_;               // host copies of device values
  std::map<const Value*, SpecTexts> spec_texts_;  // of all inputs and outputs
  std::vector<Object> output_values_;             // of outputs that are tensors
  std::atomic<bool> busy_{false};
  bool has_result_ = false;
  std::string described_;
};

}  // namespace edgert
