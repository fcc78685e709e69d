// map_construct, zip_map, map_lookup, map_values: maps from i64 or strings to f32, f64, i64 or strings.
#pragma once

#include "ops/sequence.h"

namespace edgert {

// map_construct(): vectors of `count` keys and values.
struct MapConstructParams {
  int32_t key = 0, value = 0;
  int64_t count = 0;
};
Status parse_map_construct(const NodeArgs& args, MapConstructParams& map);

// zip_map(): a vector of `count` keys and `rows` rows of values, numbers.
struct ZipMapParams {
  int32_t key = 0, value = 0;
  int64_t rows = 0, count = 0;
};
Status parse_zip_map(const NodeArgs& args, ZipMapParams& zip);

// map_lookup(dtype, default): `count` keys; the default is `text` for strings (as long as the node lives).
struct MapLookupParams {
  int32_t key = 0, value = 0;
  int64_t count = 0, integer = 0;
  double real = 0;
  std::string_view text;
};
Status parse_map_lookup(const NodeArgs& args, MapLookupParams& lookup);

// map_values(dtype)
Status parse_map_values(const NodeArgs& args, TakenParams& taken);

}  // namespace edgert
