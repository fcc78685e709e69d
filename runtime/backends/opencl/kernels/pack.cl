// Matrices b[k, n], found through strides, into panels [matrix][ceil(n / 16)][k][16] with a zero tail.
__kernel void pack(OUT(panels), IN(b), const int k, const int n, const int row_stride, const int column_stride,
                   const Walk matrices, const float scale) {
  const int column = get_global_id(0), row = get_global_id(1), matrix = get_global_id(2);
  const int count = (n + 15) / 16;
  if (column >= count * 16 || row >= k) return;
  WRITE(ACC, panels);
  ACC value = 0;
  if (column < n)
    value = (ACC)LOAD_B(b_buffer + b_start, walk(&matrices, matrix) + row * row_stride + column * column_stride);
  if (scale != 1) value = (ACC)(value * scale);
  panels[(((size_t)matrix * count + column / 16) * k + row) * 16 + column % 16] = value;
}
