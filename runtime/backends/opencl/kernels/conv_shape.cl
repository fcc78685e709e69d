// The shape of a convolution over channels-last images, and where its taps lie.
typedef struct {
  int batch, channels, outputs, groups;
  int input[3], output[3], window[3], stride[3], dilation[3], pad[3];
} ConvShape;

// Splits a flat output position into image and coordinates.
static inline void split_position(const ConvShape *s, int position, int *image, int *out) {
  for (int axis = 2; axis >= 0; axis--) {
    out[axis] = position % s->output[axis];
    position /= s->output[axis];
  }
  *image = position;
}

// The next position.
static inline void next_position(const ConvShape *s, int *image, int *out) {
  if (++out[2] < s->output[2]) return;
  out[2] = 0;
  if (++out[1] < s->output[1]) return;
  out[1] = 0;
  if (++out[0] < s->output[0]) return;
  out[0] = 0;
  ++*image;
}
