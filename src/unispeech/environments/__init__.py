"""Isolated environments for libraries that cannot share one, and worker processes in them.

locks/           pinned requirements of each environment; data
catalog          parses the locks
folders          finds, lists and deletes environments
install          creates environments
remote_object    an object in a worker process: started on first use, ended when idle or closed
worker_process   one worker process: sends requests and receives replies
worker           the worker's side; runs in the environment and needs only the library there
"""
