"""Mixture models fitted by EM and by entropic optimal transport."""
