"""The service behind the page: the functions of the command line under ``/api/v1``, in the same words."""
