"""Tools to look into a latent space: samples of it, projections to a plane, figures of merit."""
