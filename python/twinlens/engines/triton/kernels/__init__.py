"""The Triton kernels: a file a family. Importing one imports triton."""
