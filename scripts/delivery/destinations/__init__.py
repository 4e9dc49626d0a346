"""One file per destination; `config.DESTINATIONS` lists them."""
