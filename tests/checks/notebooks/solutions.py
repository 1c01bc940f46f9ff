"""Wrong and right solutions of Q5, as edits of the solved notebooks."""

CONVNET, INITIALISE, TRAIN = "barebones-convnet", "barebones-initialise", "barebones-train"
MODULE, SEQUENTIAL, FUNCTIONAL = "module-convnet", "sequential-convnet", "functional-convnet"

# What is wrong -> cell, verdict of its exercise, edits.
PYTORCH_WRONG = {
    "no padding": (CONVNET, "error", ("w1, b1, padding=w1.shape[2] // 2", "w1, b1")),
    "padding for 3 x 3": (CONVNET, "core_passed", ("padding=w2.shape[2] // 2", "padding=1")),
    "rolled, not padded": (
        CONVNET,
        "failed",
        (
            "F.conv2d(hidden1, w2, b2, padding=w2.shape[2] // 2)",
            "F.conv2d(F.pad(hidden1, [w2.shape[2] // 2] * 4, mode='circular'), w2, b2)",
        ),
    ),
    "no bias": (CONVNET, "failed", ("F.conv2d(hidden1, w2, b2,", "F.conv2d(hidden1, w2,")),
    "no last bias": (CONVNET, "failed", ("@ w3 + b3", "@ w3")),
    "no relu": (
        CONVNET,
        "failed",
        (
            "F.relu(F.conv2d(hidden1, w2, b2, padding=w2.shape[2] // 2))",
            "F.conv2d(hidden1, w2, b2, padding=w2.shape[2] // 2)",
        ),
    ),
    "relu of the scores": (
        CONVNET,
        "failed",
        ("flatten(hidden2) @ w3 + b3", "F.relu(flatten(hidden2) @ w3 + b3)"),
    ),
    "softmax of the scores": (
        CONVNET,
        "failed",
        ("flatten(hidden2) @ w3 + b3", "(flatten(hidden2) @ w3 + b3).softmax(1)"),
    ),
    "weights not used": (CONVNET, "failed", ("hidden1, w2, b2", "hidden1, torch.ones_like(w2), b2")),
    "cut off from its gradient": (CONVNET, "failed", ("flatten(hidden2)", "flatten(hidden2.detach())")),
    "through numpy": (
        CONVNET,
        "failed",
        ("flatten(hidden2)", "torch.from_numpy(flatten(hidden2).detach().numpy())"),
    ),
    "returns nothing": (CONVNET, "error", ("return flatten", "scores = flatten")),
    "fan-out": (INITIALISE, "failed", ("(C * K1 * K1, F1 * K2", "(F1 * K1 * K1, F1 * K2")),
    "variance for deviation": (INITIALISE, "failed", ("(2 / fan_in) ** 0.5", "(2 / fan_in)")),
    "uniform": (
        INITIALISE,
        "failed",
        ("torch.randn(shape, device=device)", "(torch.rand(shape, device=device) * 12**0.5 - 3**0.5)"),
    ),
    "random biases": (INITIALISE, "failed", ("torch.zeros(bias_size", "torch.randn(bias_size")),
    "no gradients wanted": (INITIALISE, "failed", ("param.requires_grad_()", "param")),
    "a fixed seed": (INITIALISE, "core_passed", ("params = []", "params = []\n    torch.manual_seed(0)")),
    "sizes of the defaults": (INITIALISE, "failed", ("image_size * image_size, num", "32 * 32, num")),
    "never steps": (TRAIN, "failed", ("param -= learning_rate * param.grad", "pass")),
    "uphill": (TRAIN, "failed", ("param -= ", "param += ")),
    "a new tensor": (
        TRAIN,
        "failed",
        ("param -= learning_rate * param.grad", "param = param - learning_rate * param.grad"),
    ),
    "gradients left over": (TRAIN, "failed", ("            param.grad = None\n", "")),
    "a learning rate of its own": (TRAIN, "failed", ("learning_rate * param.grad", "0.01 * param.grad")),
    "the first parameter alone": (
        TRAIN,
        "failed",
        ("in params:\n            param -=", "in params[:1]:\n            param -="),
    ),
    "recorded update": (TRAIN, "error", ("with torch.no_grad():", "if True:")),
    "module without padding": (MODULE, "error", ("F1, F2, K2, padding=K2 // 2", "F1, F2, K2")),
    "module without a bias": (
        MODULE,
        "failed",
        ("(C, F1, K1, padding=K1 // 2)", "(C, F1, K1, padding=K1 // 2, bias=False)"),
        ("nn.init.zeros_(layer.bias)", "pass"),
    ),
    "module with a hidden layer more": (
        MODULE,
        "failed",
        ("        for layer in", "        self.more = nn.Linear(3, 3)\n        for layer in"),
    ),
    "other channels": (
        MODULE,
        "failed",
        ("nn.Conv2d(C, F1, K1", "nn.Conv2d(C, F2, K1"),
        ("nn.Conv2d(F1, F2", "nn.Conv2d(F2, F2"),
    ),
    "default initial values": (
        MODULE,
        "failed",
        ('nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")', "pass"),
    ),
    "other names": (
        MODULE,
        "failed",
        ("self.conv1 = ", "self.first = "),
        ("self.conv1,", "self.first,"),
        ("self.conv1(x)", "self.first(x)"),
    ),
    "module without relu": (MODULE, "failed", ("F.relu(self.conv2(hidden1))", "self.conv2(hidden1)")),
    "half a module": (MODULE, "not_implemented", ("hidden1 = F.relu(self.conv1(x))", "raise NotImplementedError")),
    "dropout": (MODULE, "failed", ("self.fc(hidden2.flatten(1))", "self.fc(F.dropout(hidden2.flatten(1), 0.1))")),
    "no Sequential": (
        SEQUENTIAL,
        "failed",
        ("nn.Sequential(", "nn.ModuleList(["),
        ("image_size * image_size, num_classes),\n    )", "image_size * image_size, num_classes),\n    ])"),
    ),
    "sequential without relu": (
        SEQUENTIAL,
        "failed",
        ("        nn.ReLU(),\n        nn.Flatten", "        nn.Flatten"),
    ),
    "frozen": (
        SEQUENTIAL,
        "failed",
        ("return nn.Sequential(", "return freeze("),
        (
            "    C, F1, F2",
            "    def freeze(*layers):\n        return nn.Sequential(*layers).requires_grad_(False)\n\n"
            "    C, F1, F2",
        ),
    ),
    "pooled": (SEQUENTIAL, "error", ("        nn.Flatten", "        nn.MaxPool2d(2),\n        nn.Flatten")),
}

TENSORFLOW_WRONG = {
    "no padding": (
        CONVNET,
        "error",
        ('conv2d(x, w1, strides=1, padding="SAME")', 'conv2d(x, w1, strides=1, padding="VALID")'),
    ),
    "no bias": (CONVNET, "failed", ('padding="SAME") + b1)', 'padding="SAME"))')),
    "no relu": (
        CONVNET,
        "failed",
        (
            'tf.nn.relu(tf.nn.conv2d(hidden1, w2, strides=1, padding="SAME") + b2)',
            'tf.nn.conv2d(hidden1, w2, strides=1, padding="SAME") + b2',
        ),
    ),
    "channels first": (CONVNET, "failed", ("flatten(hidden2)", "flatten(tf.transpose(hidden2, [0, 3, 1, 2]))")),
    "weights not used": (CONVNET, "failed", ("conv2d(hidden1, w2,", "conv2d(hidden1, tf.ones_like(w2),")),
    "cut off from its gradient": (CONVNET, "failed", ("flatten(hidden2)", "flatten(tf.stop_gradient(hidden2))")),
    "fan-in without the filter": (INITIALISE, "failed", ("np.prod(shape[:-1])", "shape[-2]")),
    "constants": (
        INITIALISE,
        "failed",
        (
            "tf.Variable(tf.random.normal(shape, stddev=np.sqrt(2 / fan_in)))",
            "tf.random.normal(shape, stddev=np.sqrt(2 / fan_in))",
        ),
    ),
    "never steps": (TRAIN, "failed", ("param.assign_sub(learning_rate * gradient)", "pass")),
    "uphill": (TRAIN, "failed", ("assign_sub", "assign_add")),
    "a new variable": (
        TRAIN,
        "failed",
        ("param.assign_sub(learning_rate * gradient)", "param = tf.Variable(param - learning_rate * gradient)"),
    ),
    "a learning rate of its own": (TRAIN, "failed", ("learning_rate * gradient", "0.01 * gradient")),
    "module without padding": (MODULE, "failed", ('"padding": "same"', '"padding": "valid"')),
    "module without relu": (MODULE, "failed", ('"activation": "relu", ', "")),
    "default initial values": (MODULE, "failed", (', "kernel_initializer": "he_normal"', "")),
    "other names": (MODULE, "failed", ("self.fc =", "self.last ="), ("self.fc(", "self.last(")),
    "half a module": (
        MODULE,
        "not_implemented",
        ("        return self.fc(", "        raise NotImplementedError\n        return self.fc("),
    ),
    "no Sequential": (
        SEQUENTIAL,
        "failed",
        (
            "return keras.Sequential(",
            "return (lambda layers: (lambda x: keras.Model(x, keras.Sequential(layers)(x)))(layers[0]))(",
        ),
    ),
    "softmax of the scores": (
        SEQUENTIAL,
        "failed",
        ("keras.layers.Dense(num_classes)", 'keras.layers.Dense(num_classes, activation="softmax")'),
    ),
    "no bias at the end": (
        SEQUENTIAL,
        "failed",
        ("keras.layers.Dense(num_classes)", "keras.layers.Dense(num_classes, use_bias=False)"),
    ),
    "no shortcut": (FUNCTIONAL, "failed", ("(x + change)", "(change)")),
    "relu before the sum": (
        FUNCTIONAL,
        "failed",
        (
            'change = keras.layers.Conv2D(filters, 3, padding="same")(change)',
            'change = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(change)',
        ),
    ),
    "pooled once": (
        FUNCTIONAL,
        "failed",
        ("        x = keras.layers.MaxPooling2D(2)(x)\n    change".replace("        x", "    x"), "    change"),
    ),
}

# Another way to do it -> cell, edits; it passes.
PYTORCH_RIGHT = {
    "padding by name": (CONVNET, ("padding=w1.shape[2] // 2", 'padding="same"')),
    "the device of the notebook": (CONVNET, ("return flatten(hidden2)", "return flatten(hidden2.to(DEVICE))")),
    "a helper and an import in the cell": (
        CONVNET,
        (
            "def three",
            "import torch.nn.functional as G\nTWO = 2\n\n\ndef half(w):\n"
            "    return w.shape[-1] // TWO\n\n\ndef three",
        ),
        ("F.relu(F.conv2d(x, w1, b1, padding=w1.shape[2] // 2))", "G.relu(G.conv2d(x, w1, b1, padding=half(w1)))"),
    ),
    "parameters of nn": (INITIALISE, ("param.requires_grad_()", "nn.Parameter(param)")),
    "by nn.init": (
        INITIALISE,
        (
            "torch.randn(shape, device=device) * (2 / fan_in) ** 0.5",
            "nn.init.normal_(torch.empty(shape, device=device), std=(2 / fan_in) ** 0.5)",
        ),
    ),
    "cleared at the start": (
        TRAIN,
        ("    loss.backward()", "    for param in params:\n        param.grad = None\n    loss.backward()"),
        ("            param.grad = None\n", ""),
    ),
    "zeroed": (TRAIN, ("param.grad = None", "param.grad.zero_()")),
    "through data": (
        TRAIN,
        ("param -= learning_rate * param.grad", "param.data -= learning_rate * param.grad.data"),
    ),
    "torch.autograd.grad": (
        TRAIN,
        ("loss.backward()", "grads = torch.autograd.grad(loss, params)"),
        ("for param in params:", "for param, grad in zip(params, grads):"),
        ("param -= learning_rate * param.grad\n            param.grad = None", "param -= learning_rate * grad"),
    ),
    "an optimiser": (
        TRAIN,
        (
            "    with torch.no_grad():\n        for param in params:\n"
            "            param -= learning_rate * param.grad\n            param.grad = None",
            "    optimiser = torch.optim.SGD(params, lr=learning_rate)\n    optimiser.step()\n"
            "    optimiser.zero_grad()",
        ),
    ),
    "layers without parameters too": (
        MODULE,
        ("self.fc = ", "self.relu = nn.ReLU()\n        self.flatten = nn.Flatten()\n        self.fc = "),
        ("self.fc(hidden2.flatten(1))", "self.fc(self.flatten(self.relu(hidden2)))"),
    ),
    "layers that find out": (
        MODULE,
        (
            "nn.Linear(F2 * image_size * image_size, num_classes)",
            "nn.Linear(in_features=F2 * image_size**2, out_features=num_classes)",
        ),
    ),
    "kaiming uniform": (MODULE, ("kaiming_normal_", "kaiming_uniform_")),
    "named layers": (
        SEQUENTIAL,
        ("return nn.Sequential(", "from collections import OrderedDict\n    layers = ("),
        (
            "image_size * image_size, num_classes),\n    )",
            "image_size * image_size, num_classes),\n    )\n"
            "    return nn.Sequential(OrderedDict((f'layer{k}', layer) for k, layer in enumerate(layers)))",
        ),
    ),
}

TENSORFLOW_RIGHT = {
    "tf.nn.bias_add": (
        CONVNET,
        (
            'tf.nn.conv2d(x, w1, strides=1, padding="SAME") + b1',
            'tf.nn.bias_add(tf.nn.conv2d(x, w1, [1, 1, 1, 1], "SAME"), b1)',
        ),
    ),
    "a graph": (CONVNET, ("def three", "@tf.function\ndef three")),
    "keras initialisers": (
        INITIALISE,
        ("tf.random.normal(shape, stddev=np.sqrt(2 / fan_in))", "keras.initializers.HeNormal()(shape)"),
        ("fan_in = np.prod(shape[:-1])", "pass"),
    ),
    "an optimiser": (
        TRAIN,
        (
            "    for param, gradient in zip(params, tape.gradient(loss, params)):\n"
            "        param.assign_sub(learning_rate * gradient)",
            "    optimiser = keras.optimizers.SGD(learning_rate)\n"
            "    optimiser.apply_gradients(zip(tape.gradient(loss, params), params))",
        ),
    ),
    "layers of activation": (
        MODULE,
        ('"activation": "relu", ', ""),
        ("self.conv2(self.conv1(x))", "tf.nn.relu(self.conv2(tf.nn.relu(self.conv1(x))))"),
    ),
    "layer after layer": (
        SEQUENTIAL,
        ("return keras.Sequential(\n", "net = keras.Sequential()\n    for layer in (\n"),
        ("        ]\n    )", "        ]\n    ):\n        net.add(layer)\n    return net"),
    ),
    "keras.layers.add": (FUNCTIONAL, ("x + change", "keras.layers.add([x, change])")),
}
