#!/bin/sh
# Prints the mirrors of Debian that this machine uses, as lines of a sources.list.
set -eu
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u
