"""ETAS taken apart and made to adapt: when, and where given when.

The rate is Lambda(t) f(x | t). Both factors are sums over past earthquakes, as in ETAS (Ogata 1998,
doi:10.1023/A:1003403601725), each with parameters of its own, because what tells best how many earthquakes come is
not what tells best where. Lambda is a constant plus the aftershocks of all earthquakes by the Omori-Utsu law. f is a
mixture, normalised over the region: a background and a kernel about each earthquake, weighted by productivity and
decay.

It adapts in four ways, always from the past alone:

- the background is smoothed from earlier earthquakes, each weighted by the probability that it was not triggered,
  with kernels as wide as earthquakes were apart there, and slowly forgets;
- kernels of triggering are wider where earthquakes are further apart;
- how much an earthquake triggers depends on how probably it was triggered itself;
- and on how long it had been quiet before it.
"""
