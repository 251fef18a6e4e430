"""`make soak`: an hour in miniature. Many tenants sign in for ten minutes while what can go wrong goes wrong.

The broker runs as in production, its apps verify every token with PyJWT, and the identity providers roll their keys,
hang, answer garbage or send ten thousand groups. At the end stands a table, and below it what was promised.

    world      the tenants and what is the matter with each
    upstreams  their identity providers
    visits     what people do, from sign-in to sign-out
    ledger     what was tried, how it ended, and what the audit log must therefore say
    weather    what happens meanwhile: keys roll, metadata turns to garbage
    watch      memory, descriptors, threads and rows, sampled
    report     the tables, the promises
"""
