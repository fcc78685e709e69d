// map: a scalar program over broadcast operands. Work-item (i, j, k) makes element [k, j, i] of the
// collapsed result; MAP_PARAMETERS and MAP_OPERANDS are the operands with their places.
__kernel LANES void map(OUT(y), const int n0, const int n1 MAP_PARAMETERS) {
  const int i = get_global_id(0), j = get_global_id(1), k = get_global_id(2);
  if (i >= n0 || j >= n1) return;
  STORE((k * n1 + j) * n0 + i, edge_program(MAP_OPERANDS));
}
