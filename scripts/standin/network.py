"""The stand-in: Xception in miniature, 1.9 million parameters instead of 20.9. Who can read it,
knows Xception.

The plan is that of Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR
2017: an entry flow that halves the image again and again while the channels grow, a middle flow
that repeats one block, and an exit flow that ends in many channels. Every block is made of
separable convolutions with batch normalization, and an addition that lets the block change its
input instead of replacing it. Real Xception has the same flows with 64 to 2,048 channels and eight
middle blocks.
"""

from keras import Input, Model, layers

SMALLEST_SIZE = 96  # pixels a side
FEATURES = 704  # channels of the last feature map
MIDDLE_BLOCKS = 4


def convolution(x, filters, size, strides=1, padding="same", name=None):
    x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def separable_convolution(x, filters, name):
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def relu(x, name):
    return layers.Activation("relu", name=f"{name}_act")(x)


def shrinking_block(x, filters, name, first_filters=None, first_relu=True):
    """Halve the height and width: two separable convolutions and a pooling, beside a 1 x 1
    convolution with stride 2.
    """
    shortcut = convolution(x, filters, 1, strides=2, name=f"{name}_shortcut")
    if first_relu:
        x = relu(x, f"{name}_sepconv1")
    x = separable_convolution(x, first_filters or filters, f"{name}_sepconv1")
    x = relu(x, f"{name}_sepconv2")
    x = separable_convolution(x, filters, f"{name}_sepconv2")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])


def middle_block(x, name):
    """Keep the shape: three separable convolutions, added to what came in."""
    shortcut, filters = x, x.shape[-1]
    for number in (1, 2, 3):
        x = relu(x, f"{name}_sepconv{number}")
        x = separable_convolution(x, filters, f"{name}_sepconv{number}")
    return layers.Add(name=f"{name}_add")([x, shortcut])


def build_standin(
    include_top=False, image=None, pooling=None, classes=10, activation="softmax", name="standin", size=None
):
    """Return the untrained network, a `keras.Model`. `image` is a Keras input of shape (None,
    height, width, 3), values -1 to 1. With `size`, images are first resized to so many pixels a
    side.

    Without top it returns the last feature map, about (height / 32, width / 32, 704) for each
    image, or with `pooling="avg"` or "max" one number per channel. With top it returns a
    probability for each of `classes`.
    """
    image = Input((None, None, 3), name="image") if image is None else image
    x = image if size is None else layers.Resizing(size, size, antialias=True, name="resizing")(image)
    x = relu(convolution(x, 16, 3, strides=2, padding="valid", name="block1_conv1"), "block1_conv1")
    x = relu(convolution(x, 32, 3, padding="valid", name="block1_conv2"), "block1_conv2")
    x = shrinking_block(x, 64, "block2", first_relu=False)  # entry flow
    x = shrinking_block(x, 128, "block3")
    x = shrinking_block(x, 256, "block4")
    for number in range(MIDDLE_BLOCKS):
        x = middle_block(x, f"block{5 + number}")
    x = shrinking_block(x, 384, "block9", first_filters=256)  # exit flow
    x = relu(separable_convolution(x, 512, "block10_sepconv1"), "block10_sepconv1")
    x = relu(separable_convolution(x, FEATURES, "block10_sepconv2"), "block10_sepconv2")
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D(name="max_pool")(x)
    if include_top:
        x = layers.Dense(classes, activation=activation, name="predictions")(x)
    return Model(image, x, name=name)
