// string_equal, string_concat, string_translate, string_split, format_number, parse_number.
#pragma once

#include "ops/common.h"

namespace edgert {

// string_equal() and string_concat(): a and b broadcast to the result.
struct TextPairParams {
  int32_t rank = 0;
  int64_t count = 0;
  int64_t dims[EDGERT_MAX_RANK] = {};
  int64_t strides[2][EDGERT_MAX_RANK] = {};
};
Status parse_text_pair(const NodeArgs& args, int32_t result, TextPairParams& pair);

// string_translate(): the table is constant, code points in rising order beside what they become.
struct TranslateParams {
  int64_t count = 0, rows = 0;
  const int32_t* table = nullptr;
};
Status parse_translate(const NodeArgs& args, TranslateParams& translate);

// string_split(delimiter, most): an empty delimiter is white space; most < 0: no limit.
struct SplitParams {
  int64_t count = 0, most = -1;
  uint64_t room = 0;  // bytes of the parts, where they have planned memory
  bool has_parts = false, has_counts = false;
};
Status parse_split(const NodeArgs& args, SplitParams& split);

// format_number(): from dtype to strings; parse_number(dtype): from strings to f64, i64 or u64.
struct NumberTextParams {
  int32_t dtype = 0;
  int64_t count = 0;
};
Status parse_format_number(const NodeArgs& args, NumberTextParams& format);
Status parse_parse_number(const NodeArgs& args, NumberTextParams& parse);

}  // namespace edgert
