"""The models of the assignment: `fc_net` (fully connected) and `cnn` (convolutional)."""
