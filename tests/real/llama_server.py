"""Runs the server of llama.cpp: its C++ code is in the package xllamacpp, which has no program of its own.

llama_server.py MODEL PORT CONTEXT TEMPLATE
"""

import sys
import threading

import xllamacpp

model, port, context, template = sys.argv[1:]
settings = xllamacpp.CommonParams()
settings.model.path = model
settings.hostnames = ["127.0.0.1"]
settings.port = int(port)
settings.n_ctx = int(context)
# A text to embed must fit one batch.
settings.n_batch = settings.n_ubatch = int(context)
settings.embedding = True
settings.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
with open(template, encoding="utf-8") as file:
    settings.chat_template = file.read()
server = xllamacpp.Server(settings)
threading.Event().wait()
