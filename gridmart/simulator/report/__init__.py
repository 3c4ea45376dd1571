"""`gridmart simulate report`: the simulated load beside published facts and real series, with pictures."""
