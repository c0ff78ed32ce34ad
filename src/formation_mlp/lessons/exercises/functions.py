"""The functions that students complete: each right one, followed by those with a typical mistake.

The right ones are shown as solutions, so they are written as a student would write them, without types.
"""

import numpy as np


def cross_entropy(y, p):
    """Return the mean cross-entropy of probabilities p [n] for classes y [n], each 0 or 1."""
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def cross_entropy_without_minus(y, p):
    """Return the cross-entropy with the wrong sign."""
    return -cross_entropy(y, p)


def cross_entropy_as_sum(y, p):
    """Return the sum over all samples instead of the mean."""
    return cross_entropy(y, p) * len(y)


def cross_entropy_of_class_1(y, p):
    """Return the cross-entropy without the samples of class 0."""
    return -np.mean(y * np.log(p))


def counts(y, called):
    """Return TP, TN, FP and FN of classes y [n] and the classes that a model calls [n], each 0 or 1."""
    TP = np.sum((called == 1) & (y == 1))
    TN = np.sum((called == 0) & (y == 0))
    FP = np.sum((called == 1) & (y == 0))
    FN = np.sum((called == 0) & (y == 1))
    return TP, TN, FP, FN


def counts_with_false_ones_swapped(y, called):
    """Return the counts with false positives and false negatives exchanged."""
    TP, TN, FP, FN = counts(y, called)
    return TP, TN, FN, FP


def layer(x, W, b):
    """Return h = sigmoid(W x + b) for one sample x [d], weights W [k, d] and biases b [k]."""
    return 1 / (1 + np.exp(-(W @ x + b)))


def layer_without_sigmoid(x, W, b):
    """Return W x + b, without the activation."""
    return W @ x + b


def layer_without_bias(x, W, b):
    """Return the layer without its biases."""
    return 1 / (1 + np.exp(-(W @ x)))


def layer_with_wrong_sign(x, W, b):
    """Return the sigmoid of -(W x + b)."""
    return 1 / (1 + np.exp(W @ x + b))


def prelu(z, a):
    """Return PReLU of z [n]: z itself where it is positive, a times z where it is negative."""
    return np.maximum(z, 0) + a * np.minimum(z, 0)


def prelu_without_leak(z, a):
    """Return ReLU: nothing of the negative numbers is left."""
    return np.maximum(z, 0)


def prelu_with_leak_everywhere(z, a):
    """Return the leak on both sides of zero."""
    return np.maximum(z, 0) + a * z


def network(x, w, b, v, c):
    """Return the output [n] for inputs x [n] of k tanh units with weights w, b and v [k] and the output bias c."""
    h = np.tanh(np.outer(x, w) + b)
    return h @ v + c


def network_without_tanh(x, w, b, v, c):
    """Return the network without the activation of its hidden units."""
    return (np.outer(x, w) + b) @ v + c


def network_without_output_bias(x, w, b, v, c):
    """Return the network without the bias of its output."""
    return np.tanh(np.outer(x, w) + b) @ v


def gradient(x, y, w, b):
    """Return dE/dw [d] and dE/db of E = (y_hat - y)^2 / 2 for one sample, where y_hat = sigmoid(w x + b)."""
    y_hat = 1 / (1 + np.exp(-(w @ x + b)))
    dE_dz = (y_hat - y) * y_hat * (1 - y_hat)
    return dE_dz * x, dE_dz


def gradient_without_sigmoid_derivative(x, y, w, b):
    """Return the gradient without the derivative of the sigmoid."""
    y_hat = 1 / (1 + np.exp(-(w @ x + b)))
    return (y_hat - y) * x, y_hat - y


def gradient_with_wrong_sign(x, y, w, b):
    """Return the gradient with the error turned around."""
    dE_dw, dE_db = gradient(x, y, w, b)
    return -dE_dw, -dE_db


def gradient_times_two(x, y, w, b):
    """Return the gradient of a squared error without the factor 1/2."""
    dE_dw, dE_db = gradient(x, y, w, b)
    return 2 * dE_dw, 2 * dE_db


def update(W, b, dW, db, learning_rate):
    """Return the weights W [k, d] and biases b [k] after one step of gradient descent; dW and db are the gradients."""
    return W - learning_rate * dW, b - learning_rate * db


def update_uphill(W, b, dW, db, learning_rate):
    """Return the weights and biases after a step up the slope."""
    return W + learning_rate * dW, b + learning_rate * db


def update_of_weights_only(W, b, dW, db, learning_rate):
    """Return the new weights with the old biases."""
    return W - learning_rate * dW, b


def update_without_rate(W, b, dW, db, learning_rate):
    """Return the weights and biases after a step of the whole gradient."""
    return W - dW, b - db


def early_stopping(scores, patience):
    """Return the epoch after which training stops and the epoch whose weights are kept, both counted from 1.

    scores are validation errors, one for each epoch (lower is better). Training stops when the error has not been
    better than the best one for `patience` epochs, or when there are no more scores.
    """
    best, best_epoch = float("inf"), 0
    for epoch, score in enumerate(scores, start=1):
        if score < best:
            best, best_epoch = score, epoch
        if epoch - best_epoch >= patience:
            break
    return epoch, best_epoch


def stopping_counted_from_zero(scores, patience):
    """Return both epochs counted from 0."""
    last, kept = early_stopping(scores, patience)
    return last - 1, kept - 1


def stopping_that_keeps_the_last(scores, patience):
    """Return the last epoch as the one whose weights are kept."""
    last, _ = early_stopping(scores, patience)
    return last, last


def stopping_that_looks_ahead(scores, patience):
    """Return the best epoch of all scores, also of those after the stop."""
    last, _ = early_stopping(scores, patience)
    return last, int(np.argmin(scores)) + 1


def describe(fractions, values):
    """Return mean, range and mean deviation of a property with values [n] of elements with fractions [n]."""
    mean = fractions @ values
    return mean, np.max(values) - np.min(values), fractions @ np.abs(values - mean)


def describe_without_fractions(fractions, values):
    """Return mean and mean deviation as if all fractions were equal."""
    mean = np.mean(values)
    return mean, np.max(values) - np.min(values), np.mean(np.abs(values - mean))


def describe_with_standard_deviation(fractions, values):
    """Return the standard deviation in place of the mean deviation."""
    mean, span, _ = describe(fractions, values)
    return mean, span, np.sqrt(fractions @ (values - mean) ** 2)
