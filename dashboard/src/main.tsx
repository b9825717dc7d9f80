import { render } from 'preact';
import { App } from './app.tsx';
import { connect } from './state/live.ts';
import './style/base.css';
import './style/layout.css';
import './style/parts.css';
import './style/tables.css';
import './style/incidents.css';
import './style/lists.css';
import 'uplot/dist/uPlot.min.css';

render(<App />, document.getElementById('app')!);
connect();
