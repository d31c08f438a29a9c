"""The sample district's causal world: latent risks, their events, and what is seen of them."""
