"""All source systems, in the order in which they are filled."""

from gridmart.simulator.systems import cis, crm, market, network
from gridmart.simulator.systems.model import System

SYSTEMS: tuple[System, ...] = (cis, network, crm, market)
