"""Activation functions by name.

Libraries disagree about several of these names, so each one is fixed here: ``x`` is one unit's input,
``s(x) = 1 / (1 + exp(-x))`` the logistic function, and ``relu6(x) = min(max(x, 0), 6)``.

============ ===================================================================================== ======
name         formula                                                                               source
============ ===================================================================================== ======
relu         max(x, 0); derivative 0 at x = 0                                                      [1]_
gelu         tanh form: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), not the exact x Phi(x)      [2]_
prelu        x for x > 0, else a x; a is learned, starts at 0.25, one value shared by a layer      [3]_
elu          x for x > 0, else alpha (exp(x) - 1) with alpha = 1                                   [4]_
swish        x s(beta x) with beta = 1, also called SiLU                                           [5]_
selu         scale elu(x) with alpha = 1.6732632423543772 and scale = 1.0507009873554805           [6]_
softplus     ln(1 + exp(beta x)) / beta with beta = 1; taken as x above x = 20, an error of 2e-9   [7]_
mish         x tanh(ln(1 + exp(x)))                                                                [8]_
rrelu        x for x >= 0, else a x; training draws a per input uniformly from [1/8, 1/3],         [9]_
             evaluation fixes it to the mean 11/48 (the paper draws 1/a, and so ends at 2/11)
hardswish    x relu6(x + 3) / 6                                                                    [10]_
sigmoid      s(x)                                                                                  [11]_
softsign     x / (1 + abs(x))                                                                      [12]_
tanh         tanh(x)                                                                               [13]_
hardtanh     min(max(x, -1), 1)                                                                    [14]_
hardsigmoid  relu6(x + 3) / 6, that is x/6 + 1/2 held within [0, 1] (ONNX: x/5 + 1/2)              [10]_
tanhshrink   x - tanh(x)                                                                           torch
softshrink   x - 1/2 for x > 1/2, x + 1/2 for x < -1/2, else 0                                     [15]_
hardshrink   x for abs(x) > 1/2, else 0                                                            [15]_
============ ===================================================================================== ======

At a kink the derivative is that of the flatter side, except for selu, where it is that of the left side.
The derivative of hardsigmoid is the float32 value of 1/6 even in float64, a relative error of 3e-8.

References
----------
.. [1] V. Nair, G. E. Hinton, Rectified linear units improve restricted Boltzmann machines, ICML 2010.
.. [2] D. Hendrycks, K. Gimpel, Gaussian error linear units, arXiv:1606.08415.
.. [3] K. He et al., Delving deep into rectifiers, ICCV 2015, arXiv:1502.01852.
.. [4] D.-A. Clevert, T. Unterthiner, S. Hochreiter, Exponential linear units, ICLR 2016, arXiv:1511.07289.
.. [5] P. Ramachandran, B. Zoph, Q. V. Le, Searching for activation functions, arXiv:1710.05941; as SiLU,
   S. Elfwing, E. Uchibe, K. Doya, Neural Networks 107, 3 (2018), arXiv:1702.03118.
.. [6] G. Klambauer et al., Self-normalizing neural networks, NeurIPS 2017, arXiv:1706.02515.
.. [7] C. Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS 2000.
.. [8] D. Misra, Mish: a self regularized non-monotonic activation function, BMVC 2020, arXiv:1908.08681.
.. [9] B. Xu et al., Empirical evaluation of rectified activations in convolutional network, arXiv:1505.00853.
.. [10] A. Howard et al., Searching for MobileNetV3, ICCV 2019, arXiv:1905.02244.
.. [11] D. E. Rumelhart, G. E. Hinton, R. J. Williams, Nature 323, 533 (1986).
.. [12] J. Bergstra et al., Quadratic polynomials learn better image features, technical report 1337,
   Université de Montréal, 2009.
.. [13] Y. LeCun et al., Efficient BackProp, in Neural Networks: Tricks of the Trade, Springer 1998.
.. [14] R. Collobert, Large scale machine learning, PhD thesis, Université Paris 6, 2004.
.. [15] D. L. Donoho, I. M. Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81,
   425 (1994).
"""

from collections.abc import Callable
from functools import partial

from torch import nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": partial(nn.GELU, approximate="tanh"),
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "swish": nn.SiLU,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "mish": nn.Mish,
    "rrelu": nn.RReLU,
    "hardswish": nn.Hardswish,
    "sigmoid": nn.Sigmoid,
    "softsign": nn.Softsign,
    "tanh": nn.Tanh,
    "hardtanh": nn.Hardtanh,
    "hardsigmoid": nn.Hardsigmoid,
    "tanhshrink": nn.Tanhshrink,
    "softshrink": nn.Softshrink,
    "hardshrink": nn.Hardshrink,
}
"""Builds a new activation module; modules keep the shape of their input, ``[..., d]`` to ``[..., d]``."""
