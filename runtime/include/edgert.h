/* edgert: runs .edge files. This is the only public header.
 *
 * Handles are opaque. Functions return EDGERT_OK or an error code; edgert_last_error() is the calling
 * thread's last message, "who: what, got, expected". Nothing here aborts, prints or throws.
 * A session runs one call at a time; edgert_clone makes another that shares its weights.
 */
#ifndef EDGERT_H
#define EDGERT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define EDGERT_API __declspec(dllexport)
#else
#define EDGERT_API __attribute__((visibility("default")))
#endif

typedef enum edgert_status {
  EDGERT_OK = 0,
  EDGERT_ERROR_ARGUMENT = 1,    /* a call's argument: wrong name, dtype, rank, size */
  EDGERT_ERROR_FORMAT = 2,      /* the file is not a valid .edge file */
  EDGERT_ERROR_GUARD = 3,       /* the shapes or values given do not fit the network */
  EDGERT_ERROR_UNSUPPORTED = 4, /* no kernel for a node, or a feature this build lacks */
  EDGERT_ERROR_MEMORY = 5,      /* out of memory, or above the memory limit */
  EDGERT_ERROR_DEVICE = 6,      /* the device or its driver failed */
  EDGERT_ERROR_BUSY = 7,        /* the session is running already */
  EDGERT_ERROR_CANCELLED = 8,
  EDGERT_ERROR_LIMIT = 9, /* the step limit was reached */
  EDGERT_ERROR_IO = 10,
  EDGERT_ERROR_INTERNAL = 11
} edgert_status;

/* Element types; the numbers are those of the file. Sub-byte elements take one byte each. */
typedef enum edgert_dtype {
  EDGERT_F32 = 1,
  EDGERT_F64 = 2,
  EDGERT_F16 = 3,
  EDGERT_BF16 = 4,
  EDGERT_I8 = 5,
  EDGERT_I16 = 6,
  EDGERT_I32 = 7,
  EDGERT_I64 = 8,
  EDGERT_U8 = 9,
  EDGERT_U16 = 10,
  EDGERT_U32 = 11,
  EDGERT_U64 = 12,
  EDGERT_BOOL = 13,
  EDGERT_C64 = 14,
  EDGERT_C128 = 15,
  EDGERT_STRING = 16,
  EDGERT_F8E4M3FN = 17,
  EDGERT_F8E4M3FNUZ = 18,
  EDGERT_F8E5M2 = 19,
  EDGERT_F8E5M2FNUZ = 20,
  EDGERT_F8E8M0 = 21,
  EDGERT_I4 = 22,
  EDGERT_U4 = 23,
  EDGERT_F4E2M1 = 24,
  EDGERT_I2 = 25,
  EDGERT_U2 = 26,
  /* A scalar whose one element is a handle (8 bytes); see "values of any kind". */
  EDGERT_SEQUENCE = 27,
  EDGERT_OPTIONAL = 28,
  EDGERT_MAP = 29,
  EDGERT_F6E2M3 = 30,
  EDGERT_F6E3M2 = 31
} edgert_dtype;

/* An element of a string tensor: UTF-8, not terminated. All zero is the empty string. */
typedef struct edgert_string {
  const char* data;
  uint64_t bytes;
} edgert_string;

#define EDGERT_MAX_RANK 12

typedef struct edgert_session edgert_session;
typedef struct edgert_value edgert_value;

/* ---- loading ---- */

#define EDGERT_VERIFY 1u /* check the whole-file checksum */
#define EDGERT_STRICT 2u /* refuse to place a node on another device than the one asked for */

typedef struct edgert_options {
  uint32_t size; /* sizeof(edgert_options) */
  uint32_t flags;
  const char* device; /* "cpu" (default), "opencl", "opencl:1", "auto" */
  const char* entry;  /* entry point; NULL: the first */
  int32_t threads;    /* 0: the usable cores */
  int32_t reserved;
  uint64_t memory_limit; /* bytes one run may allocate; 0: no limit but the machine's */
  uint64_t step_limit;   /* node executions per run; 0: none */
  void* cl_context;      /* OpenCL: use this cl_context and cl_command_queue instead of own ones */
  void* cl_queue;
  /* Bytes that the activations should fit; 0: the file's, or what is quickest. Images are then made in
   * narrower bands of lines, which takes longer, until they fit or nothing more helps; edgert_describe tells
   * what was reached. */
  uint64_t memory_budget;
  /* A file that `edgec tune` wrote: which variants of kernels are quickest on this machine. NULL: what
   * edgert_load_path finds beside the model under its name with ".tuning" added; "": none. One that is
   * damaged, or made for other threads or instructions, is not used: edgert_describe says why. */
  const char* tuning;
} edgert_options;

EDGERT_API const char* edgert_version(void);
EDGERT_API const char* edgert_last_error(void);

EDGERT_API edgert_status edgert_load_path(const char* path, const edgert_options* options,
                                          edgert_session** out);
/* Copies `bytes` bytes at `data`. */
EDGERT_API edgert_status edgert_load_memory(const void* data, size_t bytes, const edgert_options* options,
                                            edgert_session** out);
/* Maps `bytes` bytes (0: up to the end) of `fd` from `offset`, as an asset inside an APK needs. */
EDGERT_API edgert_status edgert_load_fd(int fd, uint64_t offset, uint64_t bytes,
                                        const edgert_options* options, edgert_session** out);
/* A session of its own over the same weights. */
EDGERT_API edgert_status edgert_clone(edgert_session* session, edgert_session** out);
EDGERT_API void edgert_close(edgert_session* session);

/* ---- inputs and outputs ---- */

/* `dims[i]` is the size, or -1 where it is symbolic; `dim_texts[i]` is its text ("3", "batch", "2*n + 1"). */
typedef struct edgert_spec {
  uint32_t size;
  int32_t reserved;
  int32_t dtype;
  int32_t rank;
  const char* name;
  int64_t dims[EDGERT_MAX_RANK];
  const char* dim_texts[EDGERT_MAX_RANK];
  const char* type; /* "f32[batch, 3]", "sequence(f32[?, 3])", "map(i64, f32[])" */
} edgert_spec;

/* A dense row-major tensor. `bytes` is the storage at `data`; of strings, that of the edgert_string[]. */
typedef struct edgert_tensor {
  uint32_t size;
  int32_t dtype;
  int32_t rank;
  int32_t reserved;
  int64_t dims[EDGERT_MAX_RANK];
  void* data;
  uint64_t bytes;
} edgert_tensor;

/* Inputs that are states (kept by the session, tied to an output) are not among the inputs here. */
EDGERT_API int32_t edgert_input_count(const edgert_session* session);
EDGERT_API int32_t edgert_output_count(const edgert_session* session);
EDGERT_API edgert_status edgert_input_spec(const edgert_session* session, int32_t index, edgert_spec* out);
EDGERT_API edgert_status edgert_output_spec(const edgert_session* session, int32_t index, edgert_spec* out);

/* The tensor's memory, with what strings point to, is read during runs and must stay until it is replaced or
 * the session is closed. */
EDGERT_API edgert_status edgert_set_input(edgert_session* session, int32_t index,
                                          const edgert_tensor* tensor);
/* Write output `index` straight into the caller's memory; its dims are checked at run. NULL: undo. Not for
 * strings. */
EDGERT_API edgert_status edgert_set_output(edgert_session* session, int32_t index,
                                           const edgert_tensor* tensor);
EDGERT_API edgert_status edgert_run(edgert_session* session);
/* The result of the last run. `data` is valid until the next run; for a device output it is read back. */
EDGERT_API edgert_status edgert_get_output(edgert_session* session, int32_t index, edgert_tensor* out);
/* Output tensors' device memory (OpenCL cl_mem and byte offset), without a copy. */
EDGERT_API edgert_status edgert_get_output_device(edgert_session* session, int32_t index,
                                                  edgert_tensor* shape, void** memory, uint64_t* offset);
EDGERT_API edgert_status edgert_set_input_device(edgert_session* session, int32_t index,
                                                 const edgert_tensor* shape, void* memory, uint64_t offset);
/* Ask the running call to stop; it returns EDGERT_ERROR_CANCELLED. Callable from any thread. */
EDGERT_API void edgert_cancel(edgert_session* session);
/* State inputs go back to their initial values. */
EDGERT_API edgert_status edgert_reset(edgert_session* session);

/* ---- values of any kind ----
 *
 * A value is a tensor, a sequence or a map. An optional is its content, or NULL where it is absent. Values
 * never change once they are made. Those that the host makes (`edgert_value **out`) copy what they are given,
 * are kept by the values and sessions that they are given to, and are freed by who made them, when it likes.
 * All others
 * (`const edgert_value **out`) are views, not to be freed: into a value, or a session, there valid until its
 * next run or until one of its inputs is replaced. Containers are at most 16 deep. */

EDGERT_API edgert_status edgert_value_tensor(const edgert_tensor* tensor, edgert_value** out);
/* Items may be NULL: absent optionals. */
EDGERT_API edgert_status edgert_value_sequence(const edgert_value* const* items, int64_t count,
                                               edgert_value** out);
/* Two vectors of equal length: keys of i64 or string, and tensors' elements of any type. */
EDGERT_API edgert_status edgert_value_map(const edgert_value* keys, const edgert_value* values,
                                          edgert_value** out);
/* A value of the host's own that holds the same, of a view for example. */
EDGERT_API edgert_status edgert_value_copy(const edgert_value* value, edgert_value** out);
EDGERT_API void edgert_value_free(edgert_value* value);

/* EDGERT_SEQUENCE, EDGERT_MAP, or the element type of a tensor; 0 for NULL. */
EDGERT_API int32_t edgert_value_kind(const edgert_value* value);
/* The items of a sequence; 2 for a map (its keys, its values); else 0. */
EDGERT_API int64_t edgert_value_count(const edgert_value* value);
EDGERT_API edgert_status edgert_value_item(const edgert_value* value, int64_t index,
                                           const edgert_value** out);
EDGERT_API edgert_status edgert_value_get_tensor(const edgert_value* value, edgert_tensor* out);

/* Inputs and outputs of any kind. The session keeps the value until it is replaced; a view is copied. */
EDGERT_API edgert_status edgert_set_input_value(edgert_session* session, int32_t index,
                                                const edgert_value* value);
EDGERT_API edgert_status edgert_get_output_value(edgert_session* session, int32_t index,
                                                 const edgert_value** out);

/* ---- looking inside ---- */

/* One JSON text: {"device", "isa", "threads", "arena_bytes", "weight_bytes", "tuning": "used", "none"
 * or why it is not used, "bands": [{"nodes", "lines", "pieces"}], "nodes": [{"name", "op", "device",
 * "reason", "segment", "ways"}], ...}. Valid until the session is closed or described again. */
EDGERT_API edgert_status edgert_describe(edgert_session* session, const char** json);
/* After edgert_profile(session, 1), runs take the time of every node, and edgert_describe adds to its nodes
 * "calls", "nanoseconds" (since then), "least" (of one call), "operands" and "results" ([dtype, dims] each,
 * of the last run). */
EDGERT_API edgert_status edgert_profile(edgert_session* session, int32_t on);
/* After edgert_keep_values(session, 1), runs keep every materialised value until the next run. */
EDGERT_API edgert_status edgert_keep_values(edgert_session* session, int32_t keep);
EDGERT_API int32_t edgert_name_count(const edgert_session* session);
/* Source name `index`; `perm` turns the value into source layout; `absorbed_by` is a node's name or NULL. */
EDGERT_API edgert_status edgert_name(const edgert_session* session, int32_t index, const char** name,
                                     const char** absorbed_by, int32_t* rank, uint8_t perm[EDGERT_MAX_RANK]);
EDGERT_API edgert_status edgert_get_named(edgert_session* session, int32_t index, edgert_tensor* out);
EDGERT_API int32_t edgert_reference_count(const edgert_session* session);
EDGERT_API edgert_status edgert_reference(edgert_session* session, int32_t index, int32_t is_output,
                                          int32_t position, edgert_tensor* out, double* tolerance,
                                          const char** source);
EDGERT_API const char* edgert_metadata(const edgert_session* session, const char* key);
/* JSON list of devices: [{"device": "cpu", "name": ..., "isa": ...}, {"device": "opencl:0", ...}]. */
EDGERT_API edgert_status edgert_devices(const char** json);

/* ---- kernels (built-in and custom use the same table) ---- */

typedef struct edgert_node edgert_node;

/* Attributes of a node; NULL or 0 where it has none of that name. Integer attributes that are dim
 * expressions are already evaluated in `plan`; in `supports` their values are not known (count only). */
EDGERT_API const char* edgert_node_name(const edgert_node* node);
EDGERT_API const char* edgert_node_op(const edgert_node* node);
EDGERT_API const int64_t* edgert_node_ints(const edgert_node* node, const char* attribute, size_t* count);
EDGERT_API const double* edgert_node_floats(const edgert_node* node, const char* attribute, size_t* count);
EDGERT_API const char* edgert_node_string(const edgert_node* node, const char* attribute);

/* One way in which a constant is stored. */
typedef struct edgert_form {
  const char* kind; /* "plain" or a packed kind */
  const int64_t* params;
  uint64_t param_count;
  const void* data; /* 64-byte aligned */
  uint64_t bytes;
} edgert_form;

/* An operand or result as a kernel sees it. dtype 0: absent. `data` is set in `plan` for constants only. */
typedef struct edgert_operand {
  int32_t dtype;
  int32_t rank;
  const int64_t* dims;
  const void* data;    /* a constant's stored form, 64-byte aligned */
  uint64_t data_bytes; /* of `data`; for a result, of its storage */
  const char* form;    /* "plain" or a packed kind; NULL where not constant */
  const int64_t* form_params;
  uint64_t form_param_count;
  const edgert_form* forms; /* all of a constant's, the one above among them */
  uint64_t form_count;
} edgert_operand;

/* How a kernel can make part of its result. A line is an index of axis 1; axis 0 has size 1. Lines [begin,
 * end) of result 0 need lines [begin * stride / divisor - before, (end - 1) * stride / divisor + after + 1)
 * of operand 0, as far as there are such; of another operand, the same lines as of the result, or all where
 * it has another number of lines. */
typedef struct edgert_lines {
  int64_t
      multiple; /* begin is a multiple of it, end too unless it is the last; 0: the kernel runs whole only */
  int64_t stride, divisor, before, after;
  uint64_t weight_bytes; /* what is read again for every part */
} edgert_lines;

/* Filled by the runtime, but for scratch_bytes, state, lines, ways and error. */
typedef struct edgert_plan {
  uint32_t size;
  int32_t threads;
  const edgert_node* node;
  int32_t input_count;
  int32_t output_count;
  const edgert_operand* inputs;
  const edgert_operand* outputs;
  uint64_t scratch_bytes; /* out: 64-byte aligned memory the kernel wants during `run` */
  void* state;            /* out: passed to `run`; take it from `allocate` */
  char* error;            /* out: what is wrong, when returning an error */
  size_t error_bytes;
  void* (*allocate)(struct edgert_plan* plan,
                    size_t bytes); /* zeroed, freed with the plan; NULL: no memory */
  void* internal;
  edgert_lines lines; /* out; all zero: the kernel runs whole only */
  const char* way;    /* which of its ways the kernel should take if it can; NULL: its own choice */
  const char* ways;   /* out: those it can take here, split by spaces, what it takes first; NULL: no choice */
  double cost;        /* out: about how many nanoseconds one thread takes; 0: not known */
} edgert_plan;

typedef struct edgert_call {
  uint32_t size;
  int32_t threads;
  void* const* inputs; /* NULL where absent */
  void* const* outputs;
  void* scratch;
  int64_t* counts; /* out: one per output axis that the kernel sets, in order of the outputs' axes */
  char* error;
  size_t error_bytes;
  /* Calls body(argument, i, worker) for i in [0, n), spread over the threads; worker < threads. */
  void (*parallel)(const struct edgert_call* call, int64_t n,
                   void (*body)(void* argument, int64_t i, int32_t worker), void* argument);
  void* internal;
  /* Memory for strings, and for results whose size only the run finds: 64-byte aligned, not zeroed, valid
   * until the session's next run. NULL: no memory, or above the memory limit. Any thread may call it. */
  void* (*allocate)(const struct edgert_call* call, size_t bytes);
  /* A result whose size has no bound has outputs[i] NULL: the kernel sets given[i] to where its elements
   * are, in memory from `allocate`, and its counts. */
  void** given;
  /* The lines of result 0 to make, within what the plan said of lines; both 0: all. Operands and results are
   * given as if they were there whole: lines that are not needed may have no memory. */
  int64_t line_begin, line_end;
} edgert_call;

typedef struct edgert_kernel {
  uint32_t size;
  const char* op; /* a core operator, or "domain.name" for a custom one */
  /* 1: can run it; 0: cannot, and `why` says why. Operands' dims are -1 where not known yet. May be NULL:
   * always. */
  int32_t (*supports)(const edgert_node* node, const edgert_operand* inputs, int32_t input_count,
                      const edgert_operand* outputs, int32_t output_count, char* why, size_t why_bytes);
  /* Shapes are known: check them against the attributes and prepare. */
  edgert_status (*plan)(edgert_plan* plan);
  edgert_status (*run)(const void* state, const edgert_call* call);
} edgert_kernel;

/* Adds (or overrides) a CPU kernel for sessions loaded from now on. The table must stay valid. */
EDGERT_API edgert_status edgert_register_kernel(const edgert_kernel* kernel);

#ifdef __cplusplus
}
#endif
#endif
