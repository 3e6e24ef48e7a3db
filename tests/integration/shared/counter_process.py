"""A process that does runs, and kills itself at a stage of a page: `python -m … <stage> <file that is there once>`."""
