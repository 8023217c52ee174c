"""What LSTM, RNN and GRU share: shapes, counts, strips, and the state carried between batches."""

import numpy as np
import pytest
from support.layer_case import LayerCase, Rig, check_gradient, check_layer
from support.nets import net_of
from support.recurrent import CONT, by_loop, in_batches
from test_gru import step as gru_step
from test_lstm import step as lstm_step
from test_rnn import step as rnn_step

from graphnet.errors import ShapeError
from graphnet.gradcheck import check_gradients
from graphnet.layers import recurrent
from graphnet.layers.gru import GRU
from graphnet.layers.lstm import LSTM
from graphnet.layers.rnn import RNN
from graphnet.param import StateDecl
