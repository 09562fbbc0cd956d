"""Routing between two layers of capsules (paper section 2 and eq. 1-3)."""

from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.path import routing_path
from capsnet_study.routing.route import couplings, route, squash

__all__ = ["CapsuleLayer", "couplings", "route", "routing_path", "squash"]
