// Numbers as decimal text, whatever the program's locale is.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgert::cpu {

inline constexpr int64_t kDecimalBytes = 40;  // at most, for any number

// Writes the fewest digits that read back as `value`; how many bytes they take. See `format_number`.
int64_t write_decimal(float value, char* out);
int64_t write_decimal(double value, char* out);

// Whether all of `text` is a number as `parse_number` reads them.
bool read_decimal(std::string_view text, double& out);

}  // namespace edgert::cpu
