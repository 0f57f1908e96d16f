"""Between Retort and HyperQueue: `submit` reads a job as JSON and tells its number, `watch` waits for one.

Answers are one line of JSON on standard output; an answer with `error` is a failure.
"""

import json
import os
import signal
import sys


def main(command, *arguments):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Retort decides what Ctrl-C means
    try:
        import hyperqueue
    except ImportError as error:
        return {"error": str(error), "package": True}
    home = os.environ.get("HQ_SERVER_DIR") or os.path.join(os.path.expanduser("~"), ".hq-server")
    try:
        client = hyperqueue.Client(os.path.abspath(home))
        with open(os.path.join(home, "hq-current", "access.json")) as file:
            server = json.load(file)["server_uid"]
        if command == "submit":
            return submit(hyperqueue, client, server, json.load(sys.stdin))
        return watch(client.connection, int(arguments[0]))
    except Exception as error:
        return {"error": (str(error).splitlines() or [type(error).__name__])[0]}


def submit(hyperqueue, client, server, wanted):
    """A new job of these tasks, or the one before if it still goes on."""
    before = wanted["before"]
    if before and before["server"] == server and goes_on(client.connection, before["job"]):
        return {"server": server, "job": before["job"], "again": True}
    from hyperqueue.ffi.protocol import ResourceRequest

    gpus = {"gpus/nvidia": wanted["gpus"]} if wanted["gpus"] else {}
    job = hyperqueue.Job(name=wanted["name"], max_fails=None, default_workdir=wanted["folder"])
    for task in wanted["tasks"]:
        job.program(
            task["words"],
            name=task["name"],
            env={"RAYON_NUM_THREADS": str(wanted["cores"])},
            stdout=None,
            stderr=task["stderr"],
            resources=ResourceRequest(cpus=wanted["cores"], resources=gpus),
        )
    return {"server": server, "job": client.submit(job).id, "again": False}


class Seen(Exception):
    """Carries the first answer out of the waiting."""


def goes_on(connection, job):
    def look(jobs):
        raise Seen(jobs)

    try:
        connection.wait_for_jobs([job], look)
    except Seen as seen:
        return job in seen.args[0] and not seen.args[0][job]["completed"]
    return False


def watch(connection, job):
    """Waits for the end of a job; tells the errors of its tasks."""
    parent = os.getppid()

    def look(jobs):
        if os.getppid() != parent:
            os._exit(0)  # nobody is there to be told

    connection.wait_for_jobs([job], look)
    failed = connection.get_failed_tasks([job]).get(job, {})
    return {"failed": {str(task): context.error for task, context in failed.items()}}


print(json.dumps(main(*sys.argv[1:])))
