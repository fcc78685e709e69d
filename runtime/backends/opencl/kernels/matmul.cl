// matmul: work-item (i, j, batch) makes rows i * TILE... and columns j * 16... of a product. Walks find a batch's
// matrices: their first elements in x and y, their number in w.
__kernel BLOCKED void matmul(OUT(y), IN(x), IN(w), const int m, const int n, const int k, const int row_stride,
                             const int column_stride, const Walk x_matrices, const Walk w_matrices,
                             const Walk y_matrices, const int y_stride EPILOGUE_PARAMETERS) {
  const int first = get_global_id(0) * TILE, panel = get_global_id(1), batch = get_global_id(2);
  const int panels = (n + 15) / 16;
  if (first >= m || panel >= panels) return;
  READ(ACC, w);
  const size_t matrix = walk(&w_matrices, batch);
  const int base = walk(&x_matrices, batch), y_base = walk(&y_matrices, batch);
  __global const uchar *rows[TILE];
  ACC16 acc[TILE];
#pragma unroll
  for (int r = 0; r < TILE; r++) {
    rows[r] = x_buffer + x_start + (size_t)(base + min(first + r, m - 1) * row_stride) * X_BYTES;
    acc[r] = 0;
  }
  accumulate(acc, rows, column_stride, w + (matrix * panels + panel) * k * 16, k);
#pragma unroll
  for (int r = 0; r < TILE; r++)
    if (first + r < m)
      STORE_AT(acc[r], y_base + (first + r) * y_stride + panel * 16, batch * m + first + r, panel * 16,
               min(16, n - panel * 16));
}
