"""The server under load: `python -m benchmarks.serving.measure PHOTOS`.

The server's processor time an image beside that of the offline executor on the same files, how many images a second it
gives, how long they take at 70% of that, what it does with ten times as many clients, and how much memory it takes.
The client is a process of its own, `benchmarks.serving.load`.
"""
