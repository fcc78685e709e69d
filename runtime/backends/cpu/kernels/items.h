// Taking values out of containers and putting them in, for the kernels of sequences, optionals and maps.
#pragma once

#include "backends/cpu/kernels/heap.h"
#include "ops/sequence.h"

namespace edgert::cpu {

// The object for an operand that goes into a container: a copy of a tensor, or what a handle points to.
Status put(const edgert_call& call, const ItemParams& item, const void* operand, const Object*& out);

// Whether `object` is of that type, rank and known sizes (-1: any). `what` begins the error.
Status check_sizes(const Object* object, const ItemParams& expected, const char* what);

// Result 0 is `object`, a tensor or container that came out of a container.
Status take(const edgert_call& call, const TakenParams& taken, const Object* object, const char* what);

// Sizes that the run has found, for the axes of `item` that are -1, into call.counts.
void set_counts(const edgert_call& call, const ItemParams& item, std::span<const int64_t> dims);

// Memory for result 0, a tensor of these sizes: the planned, or given from the run's memory.
Status room(const edgert_call& call, const TakenParams& taken, std::span<const int64_t> dims, uint8_t*& out);

}  // namespace edgert::cpu
