// The shape of a convolution over channels-last images, and where its taps lie.
typedef struct {
  int batch, channels, outputs, groups;
  int input[3], output[3], window[3], stride[3], dilation[3], pad[3];
} ConvShape;

// Splits a flat output position into image and coordinates; gives the input coordinates of tap 0.
static inline void tap_origin(const ConvShape *s, int position, int *image, int *origin) {
  for (int axis = 2; axis >= 0; axis--) {
    origin[axis] = position % s->output[axis] * s->stride[axis] - s->pad[axis];
    position /= s->output[axis];
  }
  *image = position;
}

// The element offset of tap (k0, k1, k2)'s first channel; false outside the image.
static inline bool tap_offset(const ConvShape *s, int image, const int *origin, int k0, int k1, int k2, int *offset) {
  const int z = origin[0] + k0 * s->dilation[0], y = origin[1] + k1 * s->dilation[1],
            x = origin[2] + k2 * s->dilation[2];
  const bool inside = z >= 0 && z < s->input[0] && y >= 0 && y < s->input[1] && x >= 0 && x < s->input[2];
  *offset = inside ? (((image * s->input[0] + z) * s->input[1] + y) * s->input[2] + x) * s->channels : 0;
  return inside;
}
