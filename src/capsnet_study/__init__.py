"""What routing between capsules does: a reproducible study of Capsule Networks."""
