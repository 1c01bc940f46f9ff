"""sgd_momentum, rmsprop and adam."""

from staff.misconceptions.catalogue import wrong

# --- momentum -----------------------------------------------------------------------------------------------

_VELOCITY = 'config["velocity"] = config["momentum"] * config["velocity"] - config["learning_rate"] * dw'
_STEP = 'next_w = w + config["velocity"]'

wrong(
    "momentum-uphill",
    "sgd_momentum",
    "the gradient is added to the velocity instead of taken off",
    (
        "Run ten steps on f(w) = w**2. Where does w go?",
        "The gradient points uphill.",
        "Look at the sign with which the gradient enters, all the way to next_w.",
    ),
    (_VELOCITY, _VELOCITY.replace("- config", "+ config")),
)
wrong(
    "momentum-velocity-subtracted",
    "sgd_momentum",
    "the velocity is taken off w instead of added",
    (
        "Run ten steps on f(w) = w**2. Where does w go?",
        "There are two conventions: the minus is in the velocity, or in the step. Which one do you have?",
        "Two minus signs make a plus.",
    ),
    (_STEP, _STEP.replace("w + ", "w - ")),
)
wrong(
    "momentum-velocity-of-other-sign",
    "sgd_momentum",
    "the velocity is kept with the opposite sign of the docstring",
    (
        "Your first steps are right. Start from a config that holds a velocity already.",
        "There are two conventions: the minus is in the velocity, or in the step.",
        "Compare with the docstring which of the two is kept in config.",
    ),
    (_VELOCITY, _VELOCITY.replace("- config", "+ config")),
    (_STEP, _STEP.replace("w + ", "w - ")),
)
wrong(
    "momentum-step-with-old-velocity",
    "sgd_momentum",
    "the step uses the velocity from before the update",
    (
        "After the first step w has not moved. Why?",
        "In which order do velocity and w change?",
        "The gradient of this step counts in this step.",
    ),
    (f"{_VELOCITY}\n    {_STEP}", f"{_STEP}\n    {_VELOCITY}"),
)
wrong(
    "momentum-typed-in",
    "sgd_momentum",
    "the momentum is 0.9, whatever config says",
    (
        "With the default you are right. Put another momentum into config.",
        "Which of the numbers in your formula is not looked up anywhere?",
        "Hyperparameters are read from config, where their defaults stand already.",
    ),
    (_VELOCITY, _VELOCITY.replace('config["momentum"] *', "0.9 *")),
)
wrong(
    "momentum-not-stored",
    "sgd_momentum",
    "the new velocity is not kept in config",
    (
        "The first step is right, the second is not.",
        "Where does the next call find the velocity?",
        "Look at config after the call.",
    ),
    (_VELOCITY, 'v = config["momentum"] * config["velocity"] - config["learning_rate"] * dw'),
    (_STEP, "next_w = w + v"),
)
wrong(
    "momentum-averaged-gradient",
    "sgd_momentum",
    "the gradient is weighted by one minus the momentum",
    (
        "The first step is too short. By which factor?",
        "You keep a running average of gradients; what does the docstring keep?",
        "The two weights need not add up to one here.",
    ),
    (
        _VELOCITY,
        _VELOCITY.replace("- config", '- (1 - config["momentum"]) * config'),
    ),
)
wrong(
    "momentum-learning-rate-on-velocity",
    "sgd_momentum",
    "the learning rate scales the whole velocity at the step, as PyTorch does it",
    (
        "As long as the learning rate stays the same, your steps are right. Start from a config with a velocity.",
        "There are two conventions for what the velocity contains.",
        "In the docstring the learning rate is inside of the velocity.",
    ),
    (_VELOCITY, 'config["velocity"] = config["momentum"] * config["velocity"] - dw'),
    (_STEP, 'next_w = w + config["learning_rate"] * config["velocity"]'),
)
wrong(
    "momentum-nesterov",
    "sgd_momentum",
    "the step looks ahead, as Nesterov's momentum does",
    (
        "The velocity is right; the step is too long.",
        "There is a variant of momentum that looks ahead. Which one is asked for?",
        "w moves by exactly the new velocity.",
    ),
    (_STEP, 'next_w = w + config["momentum"] * config["velocity"] - config["learning_rate"] * dw'),
)
wrong(
    "momentum-forgotten",
    "sgd_momentum",
    "plain gradient descent: the old velocity plays no part",
    (
        "Which entry of config does your step not depend on?",
        "The first step is right, the second is not.",
        "What was moving goes on moving, a little slower.",
    ),
    (_VELOCITY, 'config["velocity"] = -config["learning_rate"] * dw'),
)

# --- RMSProp ------------------------------------------------------------------------------------------------

_CACHE = 'config["cache"] = decay_rate * config["cache"] + (1 - decay_rate) * dw**2'
_RMS_STEP = 'next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])'

wrong(
    "rmsprop-epsilon-inside-root",
    "rmsprop",
    "epsilon is added inside of the root",
    (
        "With a tiny epsilon you are right. And with a large one?",
        "Where does the docstring add it: before the root or after?",
        "Take a cache of zero: what do you divide by?",
    ),
    (_RMS_STEP, 'next_w = w - config["learning_rate"] * dw / np.sqrt(config["cache"] + config["epsilon"])'),
)
wrong(
    "rmsprop-adagrad",
    "rmsprop",
    "the squares are added up without fading, as Adagrad does it",
    (
        "Take the same gradient again and again: do your steps get ever smaller?",
        "The cache is a mean of squares, not their sum.",
        "Which entry of config does your cache not depend on?",
    ),
    (_CACHE, 'config["cache"] = config["cache"] + dw**2'),
)
wrong(
    "rmsprop-new-square-not-weighted",
    "rmsprop",
    "the new square enters with its full weight",
    (
        "Take the same gradient again and again: what should the cache tend to?",
        "The two weights of an average add up to one. Do yours?",
        "The old mean keeps its share; the new square gets what is left.",
    ),
    (_CACHE, _CACHE.replace("(1 - decay_rate) * ", "")),
)
wrong(
    "rmsprop-decay-swapped",
    "rmsprop",
    "the two weights of the cache are swapped",
    (
        "With decay_rate 0.99, how much of the old cache should survive a step?",
        "Let decay_rate go to 1: should the cache follow the last gradient, or stay?",
        "The decay rate is the weight of the past.",
    ),
    (_CACHE, 'config["cache"] = (1 - decay_rate) * config["cache"] + decay_rate * dw**2'),
)
wrong(
    "rmsprop-root-forgotten",
    "rmsprop",
    "the step is divided by the mean square without the root",
    (
        "Multiply all gradients by ten: apart from epsilon, the steps should stay the same.",
        "The R of the name is missing.",
        "Compare the units of numerator and denominator.",
    ),
    ('np.sqrt(config["cache"])', 'config["cache"]'),
)
wrong(
    "rmsprop-old-cache",
    "rmsprop",
    "the step uses the cache from before the update",
    (
        "The first step is enormous. What do you divide by?",
        "In which order do the cache and w change?",
        "The gradient of this step counts in this step's mean.",
    ),
    (f"{_CACHE}\n    {_RMS_STEP}", f"{_RMS_STEP}\n    {_CACHE}"),
)
wrong(
    "rmsprop-cache-not-stored",
    "rmsprop",
    "the new cache is not kept in config",
    (
        "The first step is right, the second is not.",
        "Where does the next call find the mean square?",
        "Look at config after the call.",
    ),
    (_CACHE, _CACHE.replace('config["cache"] =', "cache =")),
    (_RMS_STEP, _RMS_STEP.replace('config["cache"]', "cache")),
    forms=(  # with no cache in config at all
        (
            (_CACHE, _CACHE.replace('config["cache"] =', "cache =")),
            (_RMS_STEP, _RMS_STEP.replace('config["cache"]', "cache") + '\n    del config["cache"]'),
        ),
        (
            (_CACHE, _CACHE.replace('config["cache"] =', "cache =")),
            (_RMS_STEP, 'next_w = w - config["learning_rate"] * dw / np.sqrt(cache + config["epsilon"])'),
        ),
    ),
)
wrong(
    "rmsprop-square-forgotten",
    "rmsprop",
    "the cache averages the gradients, not their squares",
    (
        "Look for NaN: can your cache become negative?",
        "The S of the name is missing.",
        "Signs should not cancel in the mean.",
    ),
    (_CACHE, _CACHE.replace("dw**2", "dw")),
)
wrong(
    "rmsprop-uphill",
    "rmsprop",
    "the step goes uphill",
    (
        "Run ten steps on f(w) = w**2. Where does w go?",
        "The gradient points uphill.",
        "Look at the sign of the step.",
    ),
    (_RMS_STEP, _RMS_STEP.replace("w - ", "w + ")),
)

# --- Adam ---------------------------------------------------------------------------------------------------

_MHAT, _VHAT = "mhat = m / (1 - beta1**t)", "vhat = v / (1 - beta2**t)"
_ADAM_STEP = 'next_w = w - config["learning_rate"] * mhat / (np.sqrt(vhat) + config["epsilon"])'
_INSIDE = _ADAM_STEP.replace('(np.sqrt(vhat) + config["epsilon"])', 'np.sqrt(vhat + config["epsilon"])')

wrong(
    "adam-t-incremented-late",
    "adam",
    "the corrections use t from before it is incremented",
    (
        "Look for a division by zero in the first step.",
        "How many steps have been taken once this one is done?",
        "t counts this step already when the corrections are made.",
    ),
    (_MHAT, "with np.errstate(all='ignore'):\n        mhat = m / (1 - beta1 ** (t - 1))"),
    (_VHAT, "    vhat = v / (1 - beta2 ** (t - 1))"),
    (_ADAM_STEP, f"    {_ADAM_STEP}"),
    forms=(
        (
            ('config["t"] + 1', 'max(config["t"], 1)'),
            ("config.update(m=m, v=v, t=t)", 'config.update(m=m, v=v, t=config["t"] + 1)'),
        ),
    ),
)
wrong(
    "adam-t-not-stored",
    "adam",
    "t never grows",
    (
        "The first step is right, the second is not.",
        "Look at config after two calls.",
        "The number of steps has to be kept with the two moments.",
    ),
    ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)"),
)
wrong(
    "adam-no-bias-correction",
    "adam",
    "the moments are not corrected for having started at zero",
    (
        "How long is your first step, compared with the learning rate?",
        "After one step m is only a small part of the gradient. Why?",
        "Both moments started at zero; the docstring says what to divide them by.",
    ),
    (_ADAM_STEP, _ADAM_STEP.replace("hat", "")),
    # t is not needed, so many do not advance it
    forms=(
        ((_ADAM_STEP, _ADAM_STEP.replace("hat", "")), ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)")),
        # epsilon inside of the root besides
        ((_ADAM_STEP, _INSIDE.replace("hat", "")),),
        ((_ADAM_STEP, _INSIDE.replace("hat", "")), ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)")),
    ),
)
wrong(
    "adam-beta-times-t",
    "adam",
    "the corrections multiply the betas by t",
    (
        "The first step is right, the second is not. What changes with t?",
        "After many steps the corrections should tend to one. What do yours tend to?",
        "Each step shrinks what was there before by the same factor once more.",
    ),
    (_MHAT, "mhat = m / (1 - beta1 * t)"),
    (_VHAT, "vhat = v / (1 - beta2 * t)"),
)
wrong(
    "adam-second-moment-not-corrected",
    "adam",
    "only the first moment is corrected",
    (
        "How long is your first step, compared with the learning rate?",
        "Two numbers have started at zero.",
        "The step is still divided by the raw one of the two.",
    ),
    (_ADAM_STEP, _ADAM_STEP.replace("vhat", "v")),
)
wrong(
    "adam-first-moment-not-corrected",
    "adam",
    "only the second moment is corrected",
    (
        "How long is your first step, compared with the learning rate?",
        "Two numbers have started at zero.",
        "The numerator of the step is still the raw one of the two.",
    ),
    (_ADAM_STEP, _ADAM_STEP.replace("mhat", "m")),
)
wrong(
    "adam-corrected-moments-stored",
    "adam",
    "the corrected moments are kept in config",
    (
        "The first step is right, the next ones are not.",
        "Each correction starts from the raw moments.",
        "What is kept for the next step is what the corrections are made from, not what they make.",
    ),
    ("config.update(m=m, v=v, t=t)", "config.update(m=m / (1 - beta1**t), v=v / (1 - beta2**t), t=t)"),
)
wrong(
    "adam-epsilon-inside-root",
    "adam",
    "epsilon is added inside of the root",
    (
        "With a tiny epsilon you are right. And with a large one?",
        "Where does the docstring add it: before the root or after?",
        "Take gradients of zero: what do you divide by?",
    ),
    (_ADAM_STEP, _INSIDE),
)
wrong(
    "adam-betas-swapped",
    "adam",
    "the two decay rates are swapped",
    (
        "Set beta1 to zero: which of the two moments should forget its past?",
        "Which rate belongs to the mean of the gradients, and which one to that of the squares?",
        "The first belongs to the first moment.",
    ),
    (
        'beta1, beta2, t = config["beta1"], config["beta2"], config["t"] + 1',
        'beta2, beta1, t = config["beta1"], config["beta2"], config["t"] + 1',
    ),
)
wrong(
    "adam-square-forgotten",
    "adam",
    "the second moment averages the gradients, not their squares",
    (
        "Look for NaN: can your second moment become negative?",
        "Which power of the gradient is a second moment the mean of?",
        "The signs must not cancel.",
    ),
    ("(1 - beta2) * dw**2", "(1 - beta2) * dw"),
)
wrong(
    "adam-root-forgotten",
    "adam",
    "the step is divided by the second moment without the root",
    (
        "Multiply all gradients by ten: apart from epsilon, the steps should stay the same.",
        "Compare the units of numerator and denominator.",
        "The mean of squares is a square.",
    ),
    (_ADAM_STEP, _ADAM_STEP.replace("np.sqrt(vhat)", "vhat")),
)
wrong(
    "adam-correction-without-power",
    "adam",
    "the corrections do not depend on t",
    (
        "The first step is right, the next ones are too long.",
        "As the steps go on, is the correction still needed?",
        "The longer ago the start, the smaller its share: that share shrinks with every step.",
    ),
    (_MHAT, "mhat = m / (1 - beta1)"),
    (_VHAT, "vhat = v / (1 - beta2)"),
    forms=(
        (
            (_MHAT, "mhat = m / (1 - beta1)"),
            (_VHAT, "vhat = v / (1 - beta2)"),
            ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)"),
        ),
    ),
)
