"""One file per destination; `plug_ins` finds them."""
