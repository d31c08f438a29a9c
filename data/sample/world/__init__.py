"""The sample district's causal world: latent risks, the events they cause, and what is seen of them."""
