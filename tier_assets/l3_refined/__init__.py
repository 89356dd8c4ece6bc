"""L3 refined: text a language model made from one selected document, grounded in it. Facts are L4's."""
