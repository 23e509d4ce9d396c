"""The nouns of the suite: frozen values without behaviour that touches the world."""
